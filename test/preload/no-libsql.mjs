// Preloaded into the real binary with `--import`: makes it find no libsql, as if it were not installed.
import Module from 'node:module';

const resolve = Module._resolveFilename;
Module._resolveFilename = (name, ...rest) => {
  if (name !== 'libsql') return resolve(name, ...rest);
  throw Object.assign(new Error("Cannot find module 'libsql'"), { code: 'MODULE_NOT_FOUND' });
};
