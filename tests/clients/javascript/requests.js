// The requests that are made both over HTTP and over gRPC, by the names that both give their fields.

const metadata = { model: "modelname", key: "authKey", cacheTTL: "10m" };

const weather = {
  name: "get_weather",
  description: "The weather of a city",
  parameters: {
    type: "object",
    properties: { unit: { type: "string", enum: ["C", "F"] }, city: { type: "string" } },
    required: ["city"],
  },
};
const time = { name: "get_time", parameters: { type: "object", properties: { zone: { type: "string" } } } };

const text = (words) => [{ text: words }];

const everyMessage = [
  { ofDeveloper: { name: "dev", content: text("be exact") } },
  { ofSystem: { name: "sys", content: text("be brief") } },
  { ofUser: { name: "ann", content: text("how warm is it?") } },
  {
    ofAssistant: {
      name: "bot",
      content: text("looking"),
      toolCalls: [{ id: "call-1", function: { name: "get_weather", arguments: '{"city":"Rome"}' } }],
    },
  },
  { ofTool: { toolId: "call-1", name: "get_weather", content: text("21 degrees") } },
];

const asked = (words, more) => ({ messages: [{ ofUser: { content: text(words) } }], ...more });
const tools = (...functions) => functions.map((each) => ({ function: each }));

// Name, component, request.
const alpha1 = [
  [
    "alpha1",
    "echo",
    {
      contextID: "chat-123",
      inputs: [{ content: "hello world", role: "user", scrubPII: true }],
      metadata,
      scrubPII: true,
      temperature: 0.7,
    },
  ],
  [
    "alpha1 inputs",
    "echo",
    {
      inputs: [
        { content: "be brief", role: "system" },
        { content: "hello world", role: "user" },
      ],
    },
  ],
  [
    "alpha1 scrubbed",
    "echo",
    { inputs: [{ content: "input this abcd@gmail.com" }, { content: "input this +12341567890", scrubPII: true }] },
  ],
  ["alpha1 parameters", "echo", { inputs: [{ content: "hello world" }], parameters: { style: "brief" } }],
  ["alpha1 unknown component", "nobody", { inputs: [{ content: "hello world" }] }],
  ["alpha1 no inputs", "echo", {}],
];

const alpha2 = [
  [
    "alpha2",
    "echo",
    {
      contextId: "chat-123",
      inputs: [asked("hello world", { scrubPii: true })],
      parameters: { style: "brief" },
      metadata,
      scrubPii: true,
      temperature: 0.7,
    },
  ],
  ["alpha2 messages", "echo", { inputs: [{ messages: everyMessage }] }],
  ["alpha2 tools", "echo", { inputs: [asked("how warm is it?")], tools: tools(weather, time), toolChoice: "auto" }],
  [
    "alpha2 tool choice",
    "echo",
    { inputs: [asked("how warm is it?")], tools: tools(weather), toolChoice: "get_weather" },
  ],
  [
    "alpha2 scrubbed",
    "echo",
    { inputs: [asked("input this abcd@gmail.com"), asked("input this +12341567890", { scrubPii: true })] },
  ],
  ["alpha2 unknown component", "nobody", { inputs: [asked("hello world")] }],
  ["alpha2 no inputs", "echo", {}],
  ["alpha2 unknown tool", "echo", { inputs: [asked("hello world")], tools: tools(weather), toolChoice: "get_money" }],
];

module.exports = { alpha1, alpha2 };
