import * as z from '../schema.ts';
import { readComplaint } from './answer-errors.ts';
import { askAgain, readOrRefuse, requireAsked, senseless } from './ask.ts';
import { type FeatureId, idText } from './feature-id.ts';
import type { Http } from './http.ts';
import { manyOf } from './many-of.ts';
import { accountId, digest, explanationSchema } from './schemas.ts';

const person = z.nullish(z.looseObject({ name: z.nullish(z.string()) }));
const texts = z.nullish(manyOf(z.string()));
const numbers = z.nullish(manyOf(z.number()));
const freeFields = z.nullish(z.record(z.string(), z.unknown()));

const activationSchema = z.looseObject({
  tokens: manyOf(z.string()),
  values: manyOf(z.number()),
});

const featureSchema = z.looseObject({
  modelId: z.string(),
  layer: z.string(),
  index: z.pipe(z.union([z.string(), z.number()]), z.transform(String)),
  creatorId: z.nullish(accountId),
  hasVector: z.nullish(z.boolean()),
  vector: numbers,
  vectorHash: z.nullish(digest),
  vectorLabel: z.nullish(z.string()),
  vectorDefaultSteerStrength: z.nullish(z.number()),
  name: z.nullish(z.string()),
  description: z.nullish(z.string()),
  kind: z.nullish(z.string()),
  concept: z.nullish(z.string()),
  bias: z.nullish(z.number()),
  hookName: z.nullish(z.string()),
  hookNameIn: z.nullish(z.string()),
  license: z.nullish(z.string()),
  visibility: z.nullish(z.string()),
  tags: texts,
  paperUrl: z.nullish(z.string()),
  metadata: freeFields,
  sourceDescription: z.nullish(z.string()),
  sourceMetadata: freeFields,
  frac_nonzero: z.nullish(z.number()),
  pos_str: texts,
  pos_values: numbers,
  neg_str: texts,
  neg_values: numbers,
  activations: z.nullish(manyOf(activationSchema)),
  explanations: z.nullish(manyOf(explanationSchema)),
  lists: z.nullish(manyOf(z.looseObject({ id: z.string() }))),
  creator: person,
  createdAt: z.nullish(z.string()),
  model: z.nullish(z.looseObject({ inferenceEnabled: z.nullish(z.boolean()) })),
});

export type Feature = z.infer<typeof featureSchema>;
export type Activation = z.infer<typeof activationSchema>;

/** Reads a feature or vector from the server; undefined if there is none. Errors: those of `ask`. */
export async function fetchFeature(http: Http, id: FeatureId, signal?: AbortSignal): Promise<Feature | undefined> {
  const { model, source, index } = id;
  const path = `/api/feature/${[model, source, index].map(encodeURIComponent).join('/')}`;
  const answer = await askAgain(http, { method: 'GET', path, ...(signal && { signal }) });
  // A Neuronpedia server says in JSON that it has no such feature. A web page comes from something else.
  if (answer.status === 404 && answer.json !== undefined) return undefined;
  if (answer.status === 404) throw senseless('reading a feature', readComplaint(answer).message);
  const doing = `reading ${idText(id)}`;
  const found = readOrRefuse(answer, featureSchema, doing);
  const place = { modelId: model, layer: source, index: String(Number(index)) };
  requireAsked({ ...found, index: String(Number(found.index)) }, place, doing);
  return found;
}
