import io.dapr.client.DaprPreviewClient;
import io.dapr.client.domain.AssistantMessage;
import io.dapr.client.domain.ConversationInputAlpha2;
import io.dapr.client.domain.ConversationMessage;
import io.dapr.client.domain.ConversationMessageContent;
import io.dapr.client.domain.ConversationRequestAlpha2;
import io.dapr.client.domain.ConversationResponseAlpha2;
import io.dapr.client.domain.ConversationResultAlpha2;
import io.dapr.client.domain.ConversationResultChoices;
import io.dapr.client.domain.ConversationToolCalls;
import io.dapr.client.domain.ConversationToolCallsOfFunction;
import io.dapr.client.domain.ConversationTools;
import io.dapr.client.domain.ConversationToolsFunction;
import io.dapr.client.domain.DeveloperMessage;
import io.dapr.client.domain.SystemMessage;
import io.dapr.client.domain.ToolMessage;
import io.dapr.client.domain.UserMessage;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** The calls by alpha2. */
final class Alpha2 {
  private static final ConversationTools WEATHER = new ConversationTools(
      new ConversationToolsFunction("get_weather", Map.of(
          "type", "object",
          "properties", Map.of(
              "unit", Map.of("type", "string", "enum", List.of("C", "F")), "city", Map.of("type", "string")),
          "required", List.of("city")))
          .setDescription("The weather of a city"));
  private static final ConversationTools TIME = new ConversationTools(
      new ConversationToolsFunction("get_time",
          Map.of("type", "object", "properties", Map.of("zone", Map.of("type", "string")))));

  private Alpha2() {}

  static void call(DaprPreviewClient client) {
    call(client, "alpha2", request("echo", asked("hello world").setScrubPii(true))
        .setContextId("chat-123")
        .setParameters(Map.of("max_tokens", 100, "style", "brief"))
        .setMetadata(Map.of("model", "modelname", "key", "authKey", "cacheTTL", "10m"))
        .setScrubPii(true)
        .setTemperature(0.7)
        .setResponseFormat("""
            {"type":"object","properties":{"answer":{"type":"string"}},"required":["answer"]}""")
        .setPromptCacheRetention(Duration.ofHours(24)));
    call(client, "alpha2 messages", request("echo", new ConversationInputAlpha2(everyMessage())));
    call(client, "alpha2 tools", request("echo", asked("how warm is it?"))
        .setTools(List.of(WEATHER, TIME)).setToolChoice("auto"));
    call(client, "alpha2 tool choice", request("echo", asked("how warm is it?"))
        .setTools(List.of(WEATHER)).setToolChoice("get_weather"));
    call(client, "alpha2 scrubbed", request("echo",
        asked("input this abcd@gmail.com"), asked("input this +12341567890").setScrubPii(true)));
    call(client, "alpha2 unknown component", request("nobody", asked("hello world")));
    call(client, "alpha2 unknown tool", request("echo", asked("hello world"))
        .setTools(List.of(WEATHER)).setToolChoice("get_money"));
  }

  private static void call(DaprPreviewClient client, String name, ConversationRequestAlpha2 request) {
    Conversation.report(name, () -> shown(client.converseAlpha2(request).block()));
  }

  private static ConversationRequestAlpha2 request(String component, ConversationInputAlpha2... inputs) {
    return new ConversationRequestAlpha2(component, List.of(inputs));
  }

  private static ConversationInputAlpha2 asked(String words) {
    return new ConversationInputAlpha2(List.of(new UserMessage(text(words))));
  }

  private static List<ConversationMessageContent> text(String words) {
    return List.of(new ConversationMessageContent(words));
  }

  private static List<ConversationMessage> everyMessage() {
    var system = new SystemMessage(text("be brief"));
    system.setName("sys");
    var call = new ConversationToolCalls(new ConversationToolCallsOfFunction("get_weather", "{\"city\":\"Rome\"}"))
        .setId("call-1");
    return List.of(
        new DeveloperMessage(text("be exact")).setName("dev"),
        system,
        new UserMessage(text("how warm is it?")).setName("ann"),
        new AssistantMessage(text("looking"), List.of(call)).setName("bot"),
        new ToolMessage(text("21 degrees")).setToolId("call-1").setName("get_weather"));
  }

  private static Object shown(ConversationResponseAlpha2 response) {
    var outputs = response.getOutputs().stream().map(Alpha2::shown).toList();
    return Map.of("contextId", response.getContextId(), "outputs", outputs);
  }

  private static Object shown(ConversationResultAlpha2 output) {
    var usage = Map.of(
        "completionTokens", output.getUsage().getCompletionTokens(),
        "promptTokens", output.getUsage().getPromptTokens(),
        "totalTokens", output.getUsage().getTotalTokens());
    return Map.of(
        "choices", output.getChoices().stream().map(Alpha2::shown).toList(),
        "model", Objects.requireNonNullElse(output.getModel(), ""),
        "usage", usage);
  }

  private static Object shown(ConversationResultChoices choice) {
    var calls = choice.getMessage().getToolCalls().stream().map(Alpha2::shown).toList();
    return Map.of(
        "index", choice.getIndex(),
        "finishReason", choice.getFinishReason(),
        "content", choice.getMessage().getContent(),
        "toolCalls", calls);
  }

  private static Object shown(ConversationToolCalls call) {
    return Map.of(
        "id", call.getId(), "name", call.getFunction().getName(), "arguments", call.getFunction().getArguments());
  }
}
