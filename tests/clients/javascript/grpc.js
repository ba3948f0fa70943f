// The calls over gRPC, with the stub beneath the client. It wants a oneof as `{ case, value }` and packed parameters.

const { CommunicationProtocolEnum, DaprClient } = require("@dapr/dapr");
const { create } = require("@bufbuild/protobuf");
const { StringValueSchema, anyPack, anyUnpack } = require("@bufbuild/protobuf/wkt");
const { Code } = require("@connectrpc/connect");
const requests = require("./requests");
const shown = require("./shown");

const pack = (value) => anyPack(StringValueSchema, create(StringValueSchema, { value }));
const unpack = (packed) => anyUnpack(packed, StringValueSchema).value;

function packed({ parameters, ...request }) {
  const entries = Object.entries(parameters ?? {}).map(([name, value]) => [name, pack(value)]);
  return { ...request, parameters: Object.fromEntries(entries) };
}

const toolType = ({ id, function: value }) => ({ id, toolTypes: { case: "function", value } });

function message(each) {
  const [[kind, { toolCalls, ...value }]] = Object.entries(each);
  if (toolCalls) {
    value.toolCalls = toolCalls.map(toolType);
  }
  return { messageTypes: { case: kind, value } };
}

function alpha2({ inputs, tools, ...request }) {
  return packed({
    ...request,
    inputs: inputs?.map(({ messages, ...input }) => ({ ...input, messages: messages.map(message) })),
    tools: tools?.map(toolType),
  });
}

// An answer as it is over HTTP.
function plain(answer) {
  const call = ({ id, toolTypes }) => ({ id, function: toolTypes.value });
  const choice = ({ message: { content, toolCalls }, ...more }) => {
    return { ...more, message: { content, toolCalls: toolCalls.map(call) } };
  };
  return { contextId: answer.contextId, outputs: answer.outputs.map(({ choices }) => ({ choices: choices.map(choice) })) };
}

function error({ code, rawMessage }) {
  return { code: Code[code].replace(/(?<!^)([A-Z])/g, "_$1").toUpperCase(), message: rawMessage };
}

async function calls() {
  const dapr = new DaprClient({ communicationProtocol: CommunicationProtocolEnum.GRPC });
  const stub = await dapr.daprClient.getClient();
  for (const [name, component, request] of requests.alpha1) {
    const answer = async () =>
      shown.alpha1(await stub.converseAlpha1({ name: component, ...packed(request) }), unpack);
    await shown.report(name, answer, error);
  }
  for (const [name, component, request] of requests.alpha2) {
    const answer = async () =>
      shown.alpha2(plain(await stub.converseAlpha2({ name: component, ...alpha2(request) })), () => ({}));
    await shown.report(name, answer, error);
  }
  await dapr.stop();
}

module.exports = { calls };
