// Serves aimock on a free port: prints the address, ends when stdin closes.
// Arguments: a file of fixtures, then the API keys that are let in.
const { LLMock } = require("@copilotkit/aimock");

const [fixtures, ...apiKeys] = process.argv.slice(2);
const vendor = new LLMock({ host: "127.0.0.1", port: 0, auth: { apiKeys }, journalMaxEntries: 0, logLevel: "warn" });
vendor.loadFixtureFile(fixtures);
vendor.start().then((address) => console.log(address));
process.stdin.on("end", () => process.exit()).resume();
