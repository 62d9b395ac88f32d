// Runs a sandbox on the data folder given as argument, in a separate process that a test can kill.
// Prints its URL and server id on stdout as one line of JSON.
import { runnerImport } from 'vite';

const entry = new URL('../../src/sandbox/index.ts', import.meta.url).pathname;
const { module } = await runnerImport(entry, { configFile: false, logLevel: 'error' });
const { url, serverId } = await module.startSandbox({ dataDir: process.argv[2] });
console.log(JSON.stringify({ url, serverId }));
