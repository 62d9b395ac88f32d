#!/usr/bin/env node
const { main } = require('../dist/main.js');

main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
// All output is written by then. Exiting now skips Node's piecemeal cleanup: the system frees everything at once.
process.on('beforeExit', () => process.exit());
