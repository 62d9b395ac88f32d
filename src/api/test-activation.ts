import { AppError } from '../errors.ts';
import * as z from '../schema.ts';
import { readComplaint } from './answer-errors.ts';
import { askAgain, postJson, readOrRefuse } from './ask.ts';
import { type FeatureId, idText } from './feature-id.ts';
import type { Http } from './http.ts';

/** How strongly a feature fires on each token of a text. */
export interface TextActivation {
  readonly tokens: readonly string[];
  readonly values: readonly number[];
  readonly maxValue: number;
  readonly maxValueTokenIndex: number;
  /** Whether the server has no model and made the values up, as it says itself. */
  readonly standIn: boolean;
}

const valuesSchema = z.looseObject({
  tokens: z.array(z.string()),
  values: z.array(z.number()),
  standIn: z.optional(z.unknown()),
});

/** The values are at the top level, or under `activation`. */
const answerSchema = z
  .union([
    z.pipe(
      z.looseObject({ activation: valuesSchema }),
      z.transform(({ activation }) => activation),
    ),
    valuesSchema,
  ])
  .check(
    z.refine(({ tokens, values }) => tokens.length === values.length, 'as many values as tokens were expected'),
    z.refine(({ tokens }) => tokens.length > 0, 'it has no tokens'),
  );

/**
 * Has the server run a text through its model, and a feature on the result: `POST /api/activation/new`.
 * Errors: refused if the server has no such endpoint or no model to run, and those of `ask`.
 */
export async function testActivation(
  http: Http,
  id: FeatureId,
  text: string,
  signal: AbortSignal,
): Promise<TextActivation> {
  const { model: modelId, source, index } = id;
  const doing = `testing ${idText(id)}`;
  const answer = await askAgain(
    http,
    postJson('/api/activation/new', { feature: { modelId, source, index }, customText: text }, signal),
  );
  const { status } = answer;
  if (answer.json === undefined && (status === 404 || status === 405 || status < 300)) {
    throw new AppError('refused', `${doing}: the server cannot test activations (${readComplaint(answer).message})`, {
      hints: ['is --api-url the address of a Neuronpedia server that runs models?'],
      details: { status },
    });
  }
  const { tokens, values, standIn } = readOrRefuse(answer, answerSchema, doing);
  const maxValue = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const made = z.looseObject({ standIn: z.optional(z.unknown()) }).safeParse(answer.json).data?.standIn ?? standIn;
  return { tokens, values, maxValue, maxValueTokenIndex: values.indexOf(maxValue), standIn: Boolean(made) };
}
