// Everything that a command needs before it runs, in one module that help and the version do not load.
export { isatty } from 'node:tty';
export { tuneV8 } from '../v8-flags.ts';
export { parseOptions } from './parse-options.ts';
