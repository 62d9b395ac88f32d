import { type Answer, answer } from '../answer.ts';
import { halt } from '../halt.ts';

// The public server's errors have several shapes, and no rule tells which endpoint uses which: see the table of error shapes
// in the observations. Each function here ends a request.

/** Refuses with `{"message"}`: vectors, steering, explanations. */
export function refuseMessage(status: number, message: string): never {
  halt(answer({ message }, status));
}

/** Refuses with `{"error", "path"?}`: batches, models, source sets. */
export function refuseError(status: number, error: string, path?: string): never {
  halt(answer({ error, ...(path === undefined || path === '' ? {} : { path }) }, status));
}

/** Refuses with `{"error", "message"}`, both the same text: errors that reach the wrapper around all endpoints. */
export function refuseBoth(status: number, text: string): never {
  halt(answer({ error: text, message: text }, status));
}

/** The public server's answer to every error that it does not expect, even if the caller is at fault. */
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

/** Returns the message about a feature that does not exist. */
export function notAvailable(origin: string): string {
  return (
    'The model, source, or feature you specified is not available. Check available public models/sources (including ' +
    `which ones have inference enabled) at ${origin}/available-resources`
  );
}
