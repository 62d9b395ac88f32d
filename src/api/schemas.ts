import * as z from '../schema.ts';
import { oneLine } from './one-line.ts';

/** Answers, as far as this client reads them. Unknown fields are allowed: servers gain new ones. */

/** A name that is shown to people. */
const name = z.pipe(z.string(), z.transform(oneLine));

/** An instant. Text that is not a date counts as absent. */
export const instant = z.nullish(
  z.pipe(
    z.string(),
    z.transform((text) => (Number.isNaN(Date.parse(text)) ? undefined : new Date(text))),
  ),
);

export const limitsSchema = z.looseObject({
  tier: name,
  features: z.looseObject({
    limit: z.nullable(z.int().check(z.nonnegative())),
    used: z.int().check(z.nonnegative()),
    resetsAt: instant,
  }),
  privateUploads: z.boolean(),
  maxFeaturesPerBatch: z.int().check(z.positive()),
  maxBodyBytes: z.int().check(z.positive()),
  storesVectors: z.boolean(),
  idempotencyKeys: z.boolean(),
  serverId: z.pipe(
    z.nullish(z.string()),
    z.transform((id) => id ?? undefined),
  ),
});

/** The id of an account, which may be a number. */
export const accountId = z.pipe(z.union([z.string(), z.int()]), z.transform(String));

/** A digest in hex, as this tool writes it. */
export const digest = z.pipe(
  z.string(),
  z.transform((hex) => hex.toLowerCase()),
);

export const userSchema = z.looseObject({ id: accountId, name: z.nullish(name) });

export const modelSchema = z.looseObject({
  id: z.string(),
  layers: z.int().check(z.nonnegative()),
  dimension: z.nullish(z.int().check(z.positive())),
});

export const sourceSetSchema = z.looseObject({
  name: z.string(),
  creatorId: z.nullish(accountId),
  description: z.nullish(z.string()),
  urls: z.nullish(z.array(z.string())),
});

/** A row's index within its source. */
const index = z.union([z.string().check(z.regex(/^\d{1,15}$/)), z.int().check(z.nonnegative())]);

export const lookedUpSchema = z.looseObject({
  modelId: z.optional(z.string()),
  layer: z.optional(z.string()),
  index: z.pipe(index, z.transform(Number)),
  vectorHash: z.nullish(digest),
});

/** The answer of vector/new. Its field names differ from those of vector/get and list-owned. */
export const newVectorSchema = z.looseObject({
  vector: z.looseObject({
    modelId: z.string(),
    source: z.string(),
    index: z.pipe(index, z.transform(String)),
  }),
});

export const storedVectorSchema = z.looseObject({
  modelId: z.string(),
  layer: z.string(),
  index: z.pipe(index, z.transform(String)),
  vectorLabel: z.nullish(z.string()),
  vectorDefaultSteerStrength: z.nullish(z.number()),
  vector: z.array(z.number()),
});

export type StoredVector = z.infer<typeof storedVectorSchema>;

export const scoreSchema = z.looseObject({
  value: z.nullish(z.number()),
  explanationScoreTypeName: z.nullish(z.string()),
  explanationScoreModelName: z.nullish(z.string()),
});

/** An explanation as servers show it. */
export const explanationSchema = z.looseObject({
  id: z.nullish(z.string()),
  description: z.nullish(z.string()),
  typeName: z.nullish(z.string()),
  explanationModelName: z.nullish(z.string()),
  author: z.nullish(z.looseObject({ name: z.nullish(z.string()) })),
  authorId: z.nullish(z.string()),
  scores: z.nullish(z.array(scoreSchema)),
});

export type Explanation = z.infer<typeof explanationSchema>;
export type Score = z.infer<typeof scoreSchema>;
