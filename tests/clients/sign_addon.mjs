// Runs sign-addon by the orders on standard input and writes what it resolves to, or what it throws.
const { signAddon } = await import(process.argv[2]);

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const out = console.log;
console.log = console.error; // its own talk
let result;
try {
    result = await signAddon({ ...JSON.parse(chunks.join("")), disableProgressBar: true });
} catch (error) {
    result = { thrown: String(error.message ?? error) };
}
out(JSON.stringify(result));
process.exit(0);
