import * as z from '../../schema.ts';
import { attributionFields } from './attribution.ts';
import { exampleFields } from './examples.ts';
import { MAX_FEATURES_PER_BATCH } from './limits.ts';
import { freeObject, numeric, parseAs, text } from './parse.ts';
import { readVector } from './read-vector.ts';
import { refuseField } from './refusal.ts';

const logits = z.nullish(z.array(z.object({ token: text, value: numeric(z.number()) })).check(z.maxLength(20)));

const feature = z.object({
  index: numeric(z.int().check(z.gte(0), z.lte(10_000_000))),
  density: z.optional(numeric(z.number().check(z.gte(0), z.lte(1)))),
  topLogits: logits,
  bottomLogits: logits,
  ...exampleFields,
  // Its numbers are read later, in a plain loop: zod would take several times as long.
  vector: z.optional(z.unknown()),
  name: z.nullish(z.string()),
  description: z.nullish(z.string()),
  metadata: z.nullish(freeObject),
});

const lowerCase = z.pipe(
  text,
  z.transform((id) => id.toLowerCase()),
);

const batch = z.object({
  modelId: lowerCase,
  source: lowerCase,
  features: z.array(feature).check(z.minLength(1), z.maxLength(MAX_FEATURES_PER_BATCH)),
  kind: z.nullish(z.enum(['sae', 'transcoder', 'crosscoder'])),
  hookName: z.nullish(text),
  hookNameIn: z.nullish(text),
  ...attributionFields,
});

/** A checked feature with its vector as float32; null without one. */
export type BatchFeature = Omit<z.output<typeof feature>, 'vector'> & { vector: Float32Array | null };

/** A checked body of `upload-batch`. */
export type Batch = Omit<z.output<typeof batch>, 'features'> & { features: BatchFeature[] };

// Limits a single row. (A body of 4.5 MB can't hold a batch of rows this wide.)
const MAX_WIDTH = 1_000_000;

function readFeature(given: z.output<typeof feature>, i: number): BatchFeature {
  const { vector, activations } = given;
  const path = `features[${i}]`;
  if (vector != null) return { ...given, vector: readVector(vector, `${path}.vector`, MAX_WIDTH) };
  if (activations == null) refuseField(`${path}.activations`, 'is required if there is no vector');
  if (activations.length === 0) refuseField(`${path}.activations`, 'must have at least 1 item if there is no vector');
  return { ...given, vector: null };
}

function requireDistinct(features: readonly BatchFeature[]): void {
  const seen = new Set<number>();
  for (const [i, { index }] of features.entries()) {
    if (seen.has(index)) refuseField(`features[${i}].index`, `index ${index} occurs more than once in this batch`);
    seen.add(index);
  }
}

/** Checks a parsed `upload-batch` body without looking at the store; refuses with 400 `invalid_field`. */
export function readBatch(body: unknown): Batch {
  const given = parseAs(batch, body);
  const features = given.features.map(readFeature);
  requireDistinct(features);
  return { ...given, features };
}
