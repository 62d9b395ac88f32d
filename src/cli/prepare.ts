// What every command needs before it runs, in one module: help and the version do without.
export { isatty } from 'node:tty';
export { tuneV8 } from '../v8-flags.ts';
export { parseOptions } from './parse-options.ts';
