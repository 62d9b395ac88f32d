import { createHash } from 'node:crypto';
import type { CompletionRequest } from '../steering/upstream.ts';

const HASH_LENGTH = 12;

/** Returns a short hash of everything that would change a model's answer: vectors, strengths, seed, prompt, settings. */
function hashOf({ features, ...rest }: CompletionRequest): string {
  const hash = createHash('sha256').update(JSON.stringify(rest));
  for (const { vector, ...place } of features) {
    // An SAE feature has no vector here, so its place is hashed instead. A vector's index is random, so it is left out.
    hash.update(JSON.stringify(vector === null ? place : [place.strength, ...Array.from(vector)]));
  }
  return hash.digest('hex').slice(0, HASH_LENGTH);
}

/** Completes a prompt without a model. The text says so, and ends in a hash that changes with every steering input. */
export function* standIn(request: CompletionRequest): Iterable<string> {
  const words = `[sandbox stand-in, no model: ${request.type.toLowerCase()} ${hashOf(request)}]`;
  for (const word of words.split(' ')) yield ` ${word}`;
}
