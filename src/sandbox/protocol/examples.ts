import * as z from 'zod';
import type { NewActivation, NewExplanation } from '../store/examples.ts';
import { numeric, text } from './parse.ts';

const binEdge = numeric(z.number().max(99_999_999)).nullish();

/** One activation of an upload, as it is stored. */
export const activation = z
  .object({
    tokens: z.array(text).min(1).max(1024),
    values: z.array(numeric(z.number())).min(1).max(1024),
    quantileMin: binEdge,
    quantileMax: binEdge,
    quantileFraction: numeric(z.number().min(0).max(1)).nullish(),
  })
  .refine(({ tokens, values }) => tokens.length === values.length, {
    path: ['values'],
    error: 'must be as many as tokens',
  })
  .transform(
    ({ tokens, values, quantileMin, quantileMax, quantileFraction }): NewActivation => ({
      tokens,
      values,
      binMin: quantileMin ?? null,
      binMax: quantileMax ?? null,
      binContains: quantileFraction ?? null,
    }),
  );

/** One explanation of an upload, as it is stored. */
export const explanation = z
  .object({ text: z.string().min(1).max(512), methodName: text.nullish(), modelName: text.nullish() })
  .transform(
    ({ text, methodName, modelName }): NewExplanation => ({
      text,
      methodName: methodName ?? null,
      modelName: modelName ?? null,
    }),
  );

/** Activations and explanations of a row; both may be missing or null. */
export const exampleFields = {
  activations: z.array(activation).nullish(),
  explanations: z.array(explanation).nullish(),
};

/** The largest value in a list of activations; 0 without any. */
export function maxActivation(activations: readonly NewActivation[]): number {
  let most = -Infinity;
  for (const { values } of activations) for (const value of values) if (value > most) most = value;
  return most === -Infinity ? 0 : most;
}
