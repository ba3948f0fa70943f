import io.dapr.client.DaprPreviewClient;
import io.dapr.client.domain.ConversationInput;
import io.dapr.client.domain.ConversationOutput;
import io.dapr.client.domain.ConversationRequest;
import io.dapr.client.domain.ConversationResponse;
import java.util.List;
import java.util.Map;

/** The calls by alpha1. The SDK has neither parameters nor metadata for it, and refuses a request without inputs itself. */
final class Alpha1 {
  private Alpha1() {}

  static void call(DaprPreviewClient client) {
    var hello = new ConversationInput("hello world").setRole("user").setScrubPii(true);
    call(client, "alpha1", new ConversationRequest("echo", List.of(hello))
        .setContextId("chat-123").setScrubPii(true).setTemperature(0.7));
    call(client, "alpha1 inputs", new ConversationRequest("echo", List.of(
        new ConversationInput("be brief").setRole("system"),
        new ConversationInput("hello world").setRole("user"))));
    call(client, "alpha1 scrubbed", new ConversationRequest("echo", List.of(
        new ConversationInput("input this abcd@gmail.com"),
        new ConversationInput("input this +12341567890").setScrubPii(true))));
    call(client, "alpha1 unknown component",
        new ConversationRequest("nobody", List.of(new ConversationInput("hello world"))));
  }

  private static void call(DaprPreviewClient client, String name, ConversationRequest request) {
    Conversation.report(name, () -> shown(client.converse(request).block()));
  }

  private static Object shown(ConversationResponse response) {
    var outputs = response.getConversationOutputs().stream().map(Alpha1::shown).toList();
    return Map.of("contextId", response.getContextId(), "outputs", outputs);
  }

  private static Object shown(ConversationOutput output) {
    return Map.of("result", output.getResult(), "parameters", output.getParameters());
  }
}
