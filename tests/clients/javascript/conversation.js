// Calls Parlor through Dapr's JavaScript SDK, as a user's program does, and prints one JSON document a call. The SDK has
// no conversation client: over HTTP its users name the path, over gRPC they take the stub beneath the client.
//
// It knows where Parlor is from the environment alone: DAPR_HTTP_PORT and DAPR_GRPC_PORT.

const http = require("./http");
const grpc = require("./grpc");

async function hello() {
  // readme
  const { HTTPClient } = require("@dapr/dapr");
  const dapr = new HTTPClient();
  const request = { inputs: [{ content: "hello world", scrubPII: true }], contextID: "chat-123", temperature: 0.7 };
  const options = { method: "POST", body: request };
  const answer = await dapr.executeWithApiVersion("v1.0-alpha1", "/conversation/echo/converse", options);
  console.log(`conversation output: ${answer.outputs[0].result}`);
  // /readme
  await dapr.stop();
}

hello().then(http.calls).then(grpc.calls);
