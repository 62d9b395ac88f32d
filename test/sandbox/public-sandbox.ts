import type { SandboxOptions } from '../../src/sandbox/index.ts';
import { running } from './running-sandbox.ts';

/** Starts a sandbox of the public kind. */
export function publicSandbox(options: Partial<SandboxOptions> = {}) {
  return running({ public: true, ...options });
}

/** Starts a public sandbox in which the default user has made the source set `mine` of gpt2-small. */
export async function publicWithSourceSet(options: Partial<SandboxOptions> = {}) {
  const sandbox = await publicSandbox(options);
  const made = await sandbox.post('/api/source-set/new', { name: 'mine', modelId: 'gpt2-small' });
  if (made.status !== 200) throw new Error(JSON.stringify(made.json));
  return sandbox;
}

/** Returns a feature as the public server requires it: with an activation. */
export function activeFeature(index: number, more: Record<string, unknown> = {}) {
  return { index, activations: [{ tokens: ['a', ' b'], values: [0, index] }], ...more };
}

/** Returns `length` such features, numbered from `first`. */
export function activeFeatures(first: number, length: number) {
  return Array.from({ length }, (_none, i) => activeFeature(first + i));
}

export const OPAQUE = 'Something went wrong on our end. The error has been reported.';
