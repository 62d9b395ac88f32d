import { z } from 'zod';
import { askAgain, readOrRefuse } from './ask.ts';
import { explanationSchema } from './explanations.ts';
import type { Http } from './http.ts';

const featureSchema = z.looseObject({
  modelId: z.string(),
  layer: z.string(),
  index: z.union([z.string(), z.number()]).transform(String),
  vector: z.array(z.number()).nullish(),
  vectorHash: z.string().nullish(),
  vectorLabel: z.string().nullish(),
  vectorDefaultSteerStrength: z.number().nullish(),
  name: z.string().nullish(),
  description: z.string().nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
  kind: z.string().nullish(),
  hookName: z.string().nullish(),
  frac_nonzero: z.number().nullish(),
  activations: z.array(z.unknown()).nullish(),
  explanations: z.array(explanationSchema).nullish(),
  lists: z.array(z.looseObject({ id: z.string() })).nullish(),
  creator: z.looseObject({ name: z.string().nullish() }).nullish(),
  createdAt: z.string().nullish(),
});

export type Feature = z.infer<typeof featureSchema>;

/** A feature or vector as the server has it; undefined where it has none. Errors: those of asking. */
export async function fetchFeature(
  http: Http,
  model: string,
  source: string,
  index: string,
): Promise<Feature | undefined> {
  const path = `/api/feature/${[model, source, index].map(encodeURIComponent).join('/')}`;
  const answer = await askAgain(http, { method: 'GET', path });
  if (answer.status === 404) return undefined;
  return readOrRefuse(answer, featureSchema, `reading ${model}/${source}/${index}`);
}
