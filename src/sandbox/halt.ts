import type { Answer } from './answer.ts';

const mark = Symbol('halted');

/** Ends a request with this answer. Always throws, which rolls back an open write. */
export function halt(given: Answer): never {
  throw Object.assign(new Error(given.text), { [mark]: given });
}

/** Returns the answer in a caught value; undefined for any other error. */
export function haltedAnswer(error: unknown): Answer | undefined {
  return (error as { [mark]?: Answer } | null | undefined)?.[mark];
}
