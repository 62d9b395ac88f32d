import { z } from 'zod';

/** Answers, as far as this client reads them. Unknown fields are let be: servers grow. */

export const limitsSchema = z.looseObject({
  tier: z.string(),
  features: z.looseObject({
    limit: z.number().int().nonnegative().nullable(),
    used: z.number().int().nonnegative(),
    resetsAt: z.string().nullish(),
  }),
  privateUploads: z.boolean(),
  maxFeaturesPerBatch: z.number().int().positive(),
  maxBodyBytes: z.number().int().positive(),
  storesVectors: z.boolean(),
  idempotencyKeys: z.boolean(),
  serverId: z.string().optional(),
});

export const userSchema = z.looseObject({ id: z.string(), name: z.string().nullish() });

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

export const featureSchema = z.looseObject({
  index: z.union([z.string(), z.number()]).transform(Number),
  vectorHash: z.string().nullish(),
});

/** The answer of vector/new; it calls the fields otherwise than vector/get and list-owned do. */
export const newVectorSchema = z.looseObject({
  vector: z.looseObject({
    modelId: z.string(),
    source: z.string(),
    index: z.union([z.string(), z.number()]).transform(String),
  }),
});

export const storedVectorSchema = z.looseObject({
  modelId: z.string(),
  layer: z.string(),
  index: z.union([z.string(), z.number()]).transform(String),
  vectorLabel: z.string().nullish(),
  vectorDefaultSteerStrength: z.number().nullish(),
  vector: z.array(z.number()),
});

export type StoredVector = z.infer<typeof storedVectorSchema>;
