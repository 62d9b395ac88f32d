import { createHash } from 'node:crypto';
import type { CompletionRequest } from '../steering/upstream.ts';

const HASH_LENGTH = 12;

/** A short hash of all that would make a model answer differently: vectors, strengths, seed, prompt, settings. */
function hashOf({ features, ...rest }: CompletionRequest): string {
  const hash = createHash('sha256').update(JSON.stringify(rest));
  for (const { vector, ...place } of features) {
    // An SAE feature has no vector here, so where it lies stands for it; a vector's random index says nothing.
    hash.update(JSON.stringify(vector === null ? place : [place.strength, ...Array.from(vector)]));
  }
  return hash.digest('hex').slice(0, HASH_LENGTH);
}

/** Completes a prompt without a model: says so, and ends in a hash that changes with whatever is steered with. */
export function* standIn(request: CompletionRequest): Iterable<string> {
  const words = `[sandbox stand-in, no model: ${request.type.toLowerCase()} ${hashOf(request)}]`;
  for (const word of words.split(' ')) yield ` ${word}`;
}
