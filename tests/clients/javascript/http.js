// The calls over HTTP: the body is Dapr's JSON, and an error has the status and the body that came.

const { HTTPClient, HttpMethod } = require("@dapr/dapr");
const requests = require("./requests");
const shown = require("./shown");

const TEXT = "type.googleapis.com/google.protobuf.StringValue";

function body({ parameters, ...request }) {
  const packed = Object.entries(parameters ?? {}).map(([name, value]) => [name, { "@type": TEXT, value }]);
  return { ...request, parameters: Object.fromEntries(packed) };
}

function error(problem) {
  const { status, error_msg } = JSON.parse(problem.message);
  return { status, ...JSON.parse(error_msg) };
}

// What only this way of calling can say: the stub of this SDK is older than these fields.
const NEWER = {
  responseFormat: { type: "object", properties: { answer: { type: "string" } }, required: ["answer"] },
  promptCacheRetention: "86400s",
};

async function calls() {
  const dapr = new HTTPClient();
  const converse = (version, component, request) =>
    dapr.executeWithApiVersion(version, `/conversation/${component}/converse`, {
      method: HttpMethod.POST,
      body: body(request),
    });
  for (const [name, component, request] of requests.alpha1) {
    const answer = async () => shown.alpha1(await converse("v1.0-alpha1", component, request));
    await shown.report(`http: ${name}`, answer, error);
  }
  for (const [name, component, request] of requests.alpha2) {
    const answer = async () => shown.alpha2(await converse("v1.0-alpha2", component, { ...request, ...NEWER }));
    await shown.report(`http: ${name}`, answer, error);
  }
  await dapr.stop();
}

module.exports = { calls };
