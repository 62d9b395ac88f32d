#!/usr/bin/env node
const { main } = require('../dist/main.js');

main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
// All is written by then, and what Node would still take apart piece by piece the system takes at once.
process.on('beforeExit', () => process.exit());
