#!/usr/bin/env node
// Comes first: unless somebody listens, Node answers this signal with a debugger, which shows the key to every local user.
process.on('SIGUSR1', () => {
  if (process.listenerCount('SIGUSR1') === 1) process.exit(138);
});
const { closeSync, fstatSync, statSync } = require('node:fs');
const { main } = require('../dist/main.js');

main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
// All output is written by then. Exiting now skips Node's piecemeal cleanup: the system frees everything at once.
process.on('beforeExit', () => process.exit());
// Node restores terminals as it ends, and aborts (SIGABRT) if one is gone. To the system that is no terminal any more.
process.on('exit', () => {
  for (const fd of [0, 1, 2]) {
    try {
      const device = fstatSync(fd);
      // The null device is common in scripts and never was a terminal; loading `tty` for it would take milliseconds.
      if (!device.isCharacterDevice() || device.rdev === statSync('/dev/null').rdev) continue;
      if (!require('node:tty').isatty(fd)) closeSync(fd);
    } catch {
      // It is closed.
    }
  }
});
