import { type Answer, answer } from '../answer.ts';

// The public server's errors have several shapes, and which one an endpoint uses follows no rule: see the table of error
// shapes in the observations. Each of these ends the handling of a request by throwing, and rolls back an open write.

const mark = Symbol('halted');

/** Ends the handling of a request with this answer. */
export function halt(given: Answer): never {
  throw Object.assign(new Error(given.text), { [mark]: given });
}

/** The answer that a caught value carries; undefined for any other error. */
export function haltedAnswer(error: unknown): Answer | undefined {
  return typeof error === 'object' && error !== null ? (error as { [mark]?: Answer })[mark] : undefined;
}

/** `{"message"}`: vectors, steering, explanations. */
export function refuseMessage(status: number, message: string): never {
  halt(answer({ message }, status));
}

/** `{"error", "path"?}`: batches, models, source sets. */
export function refuseError(status: number, error: string, path?: string): never {
  halt(answer({ error, ...(path === undefined || path === '' ? {} : { path }) }, status));
}

/** `{"error", "message"}` with the same text: what reaches the wrapper around all endpoints. */
export function refuseBoth(status: number, text: string): never {
  halt(answer({ error: text, message: text }, status));
}

/** The answer to everything that nobody foresaw, also where it is the caller's fault. */
export const OPAQUE: Answer = (() => {
  const text = 'Something went wrong on our end. The error has been reported.';
  return answer({ error: text, message: text }, 500);
})();

/** Refuses with the opaque 500: "malformed JSON", "not the owner", "unknown source set" and many more. */
export function refuseOpaquely(): never {
  halt(OPAQUE);
}

/** Refuses with the other opaque 500: "1e999 (parses to Infinity)", "missing source", "features []". */
export function refuseUnknown(): never {
  refuseMessage(500, 'Unknown Error');
}

/** What is said of a feature that is not there. */
export function notAvailable(origin: string): string {
  return (
    'The model, source, or feature you specified is not available. Check available public models/sources (including ' +
    `which ones have inference enabled) at ${origin}/available-resources`
  );
}
