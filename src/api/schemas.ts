import * as z from 'zod';
import { oneLine } from './one-line.ts';

/** Answers, as far as this client reads them. Unknown fields are let be: servers grow. */

/** A name that is shown. */
const name = z.string().transform(oneLine);

/** An instant; what is none says nothing. */
export const instant = z
  .string()
  .transform((text) => (Number.isNaN(Date.parse(text)) ? undefined : new Date(text)))
  .nullish();

export const limitsSchema = z.looseObject({
  tier: name,
  features: z.looseObject({
    limit: z.number().int().nonnegative().nullable(),
    used: z.number().int().nonnegative(),
    resetsAt: instant,
  }),
  privateUploads: z.boolean(),
  maxFeaturesPerBatch: z.number().int().positive(),
  maxBodyBytes: z.number().int().positive(),
  storesVectors: z.boolean(),
  idempotencyKeys: z.boolean(),
  serverId: z.string().optional(),
});

export const userSchema = z.looseObject({ id: z.string(), name: name.nullish() });

export const modelSchema = z.looseObject({
  id: z.string(),
  layers: z.number().int().nonnegative(),
  dimension: z.number().int().positive().nullish(),
});

export const sourceSetSchema = z.looseObject({
  name: z.string(),
  creatorId: z.string().nullish(),
  description: z.string().nullish(),
  urls: z.array(z.string()).nullish(),
});

/** A row's number among its source's. */
const index = z.union([z.string().regex(/^\d{1,15}$/), z.int().nonnegative()]);

export const featureSchema = z.looseObject({
  modelId: z.string().optional(),
  layer: z.string().optional(),
  index: index.transform(Number),
  vectorHash: z.string().nullish(),
});

/** The answer of vector/new; it calls the fields otherwise than vector/get and list-owned do. */
export const newVectorSchema = z.looseObject({
  vector: z.looseObject({
    modelId: z.string(),
    source: z.string(),
    index: index.transform(String),
  }),
});

export const storedVectorSchema = z.looseObject({
  modelId: z.string(),
  layer: z.string(),
  index: index.transform(String),
  vectorLabel: z.string().nullish(),
  vectorDefaultSteerStrength: z.number().nullish(),
  vector: z.array(z.number()),
});

export type StoredVector = z.infer<typeof storedVectorSchema>;

export const scoreSchema = z.looseObject({
  value: z.number().nullish(),
  explanationScoreTypeName: z.string().nullish(),
  explanationScoreModelName: z.string().nullish(),
});

/** An explanation as servers show it. */
export const explanationSchema = z.looseObject({
  id: z.string().nullish(),
  description: z.string().nullish(),
  typeName: z.string().nullish(),
  explanationModelName: z.string().nullish(),
  author: z.looseObject({ name: z.string().nullish() }).nullish(),
  authorId: z.string().nullish(),
  scores: z.array(scoreSchema).nullish(),
});

export type Explanation = z.infer<typeof explanationSchema>;
export type Score = z.infer<typeof scoreSchema>;
