import * as z from 'zod';
import { AppError } from '../errors.ts';
import { readComplaint } from './answer-errors.ts';
import { askAgain, checkPlace, readOrRefuse } from './ask.ts';
import type { Http } from './http.ts';
import { manyOf } from './many-of.ts';
import { explanationSchema } from './schemas.ts';

const person = z.looseObject({ name: z.string().nullish() }).nullish();
const texts = manyOf(z.string()).nullish();
const numbers = manyOf(z.number()).nullish();
const freeFields = z.record(z.string(), z.unknown()).nullish();

const activationSchema = z.looseObject({
  tokens: manyOf(z.string()),
  values: manyOf(z.number()),
});

const featureSchema = z.looseObject({
  modelId: z.string(),
  layer: z.string(),
  index: z.union([z.string(), z.number()]).transform(String),
  creatorId: z.string().nullish(),
  hasVector: z.boolean().nullish(),
  vector: numbers,
  vectorHash: z.string().nullish(),
  vectorLabel: z.string().nullish(),
  vectorDefaultSteerStrength: z.number().nullish(),
  name: z.string().nullish(),
  description: z.string().nullish(),
  kind: z.string().nullish(),
  concept: z.string().nullish(),
  bias: z.number().nullish(),
  hookName: z.string().nullish(),
  hookNameIn: z.string().nullish(),
  license: z.string().nullish(),
  visibility: z.string().nullish(),
  tags: texts,
  paperUrl: z.string().nullish(),
  metadata: freeFields,
  sourceDescription: z.string().nullish(),
  sourceMetadata: freeFields,
  frac_nonzero: z.number().nullish(),
  pos_str: texts,
  pos_values: numbers,
  neg_str: texts,
  neg_values: numbers,
  activations: manyOf(activationSchema).nullish(),
  explanations: manyOf(explanationSchema).nullish(),
  lists: manyOf(z.looseObject({ id: z.string() })).nullish(),
  creator: person,
  createdAt: z.string().nullish(),
  model: z.looseObject({ inferenceEnabled: z.boolean().nullish() }).nullish(),
});

export type Feature = z.infer<typeof featureSchema>;
export type Activation = z.infer<typeof activationSchema>;

/** A feature or vector as the server has it; undefined where it has none. Errors: those of asking. */
export async function fetchFeature(
  http: Http,
  model: string,
  source: string,
  index: string,
  signal?: AbortSignal,
): Promise<Feature | undefined> {
  const path = `/api/feature/${[model, source, index].map(encodeURIComponent).join('/')}`;
  const answer = await askAgain(http, { method: 'GET', path, ...(signal && { signal }) });
  // A Neuronpedia says in JSON that it has no such feature; a page is somebody else's.
  if (answer.status === 404 && answer.json !== undefined) return undefined;
  if (answer.status === 404) {
    const { message } = readComplaint(answer);
    throw new AppError('not_neuronpedia', `reading a feature: the server's answer makes no sense: ${message}`, {
      hints: ['is --api-url the address of a Neuronpedia server?'],
    });
  }
  const doing = `reading ${model}/${source}/${index}`;
  const found = readOrRefuse(answer, featureSchema, doing);
  const place = { modelId: model, layer: source, index: String(Number(index)) };
  checkPlace({ ...found, index: String(Number(found.index)) }, place, doing);
  return found;
}
