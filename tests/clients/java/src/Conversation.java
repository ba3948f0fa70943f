import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
// readme
import io.dapr.client.DaprClientBuilder;
import io.dapr.client.domain.ConversationInput;
import io.dapr.client.domain.ConversationRequest;
// /readme
import io.dapr.client.DaprPreviewClient;
import io.dapr.exceptions.DaprException;
import io.grpc.StatusRuntimeException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Calls Parlor through Dapr's Java SDK, as a user's program does, and prints one JSON document a call.
 *
 * <p>It knows where Parlor is from the environment alone: DAPR_HTTP_PORT and DAPR_GRPC_PORT.
 */
public final class Conversation {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Conversation() {}

  public static void main(String[] arguments) throws Exception {
    hello();
    try (DaprPreviewClient client = new DaprClientBuilder().buildPreviewClient()) {
      Alpha1.call(client);
      Alpha2.call(client);
    }
  }

  private static void hello() throws Exception {
    // readme
    try (var client = new DaprClientBuilder().buildPreviewClient()) {
      var request = new ConversationRequest("echo", List.of(new ConversationInput("hello world")))
          .setContextId("chat-123").setScrubPii(true).setTemperature(0.7);
      var answer = client.converse(request).block();
      System.out.printf("conversation output: %s%n", answer.getConversationOutputs().get(0).getResult());
    }
    // /readme
  }

  /** Prints what a call gave: what is shown of its answer, or the code and the message of its error. */
  static void report(String call, Supplier<Object> answer) {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("call", call);
    try {
      document.put("answer", answer.get());
    } catch (DaprException error) {
      document.put("error", Map.of("code", error.getErrorCode(), "message", description(error)));
    }
    try {
      System.out.println(JSON.writeValueAsString(document));
    } catch (JsonProcessingException error) {
      throw new IllegalStateException(error);
    }
  }

  /** The status's own message: that of the exception has the code in front of it. */
  private static String description(DaprException error) {
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (cause instanceof StatusRuntimeException status) {
        return status.getStatus().getDescription();
      }
    }
    return error.getMessage();
  }
}
