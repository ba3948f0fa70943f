// What is printed of an answer or an error, one JSON document a line.

const string = ({ value }) => value;

// `parameters` come as objects over HTTP, packed over gRPC: `unpack` tells how to read one.
function alpha1(answer, unpack = string) {
  const parameters = (output) =>
    Object.fromEntries(Object.entries(output.parameters ?? {}).map(([name, value]) => [name, unpack(value)]));
  const outputs = answer.outputs.map((output) => ({ result: output.result, parameters: parameters(output) }));
  return { contextId: answer.contextID ?? "", outputs };
}

// Over HTTP a 64-bit number is a string, and what is empty is left out.
const number = (value) => Number(value ?? 0);

function usage({ completionTokens, promptTokens, totalTokens }) {
  return {
    completionTokens: number(completionTokens),
    promptTokens: number(promptTokens),
    totalTokens: number(totalTokens),
  };
}

function call({ id, function: { name, arguments: text } }) {
  return { id, name, arguments: text };
}

function choice({ index, finishReason, message }) {
  const toolCalls = (message.toolCalls ?? []).map(call);
  return { index: number(index), finishReason, content: message.content, toolCalls };
}

// The stub of this SDK is older than `model` and `usage`, so they are shown of answers over HTTP only.
function alpha2(answer, output = (more) => ({ model: more.model ?? "", usage: usage(more.usage) })) {
  const outputs = answer.outputs.map((each) => ({ choices: each.choices.map(choice), ...output(each) }));
  return { contextId: answer.contextId ?? "", outputs };
}

async function report(name, answer, error) {
  const document = await answer().then(
    (shown) => ({ call: name, answer: shown }),
    (problem) => ({ call: name, error: error(problem) }),
  );
  console.log(JSON.stringify(document));
}

module.exports = { alpha1, alpha2, report };
