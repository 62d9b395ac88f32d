import * as z from '../../schema.ts';
import type { NewActivation, NewExplanation } from '../store/examples.ts';
import { numeric, text } from './parse.ts';

const binEdge = z.nullish(numeric(z.number().check(z.lte(99_999_999))));

/** One activation of an upload, converted to its stored form. */
export const activation = z.pipe(
  z
    .object({
      tokens: z.array(text).check(z.minLength(1), z.maxLength(1024)),
      values: z.array(numeric(z.number())).check(z.minLength(1), z.maxLength(1024)),
      quantileMin: binEdge,
      quantileMax: binEdge,
      quantileFraction: z.nullish(numeric(z.number().check(z.gte(0), z.lte(1)))),
    })
    .check(
      z.refine(({ tokens, values }) => tokens.length === values.length, {
        path: ['values'],
        error: 'must have as many items as tokens',
      }),
    ),
  z.transform(
    ({ tokens, values, quantileMin, quantileMax, quantileFraction }): NewActivation => ({
      tokens,
      values,
      binMin: quantileMin ?? null,
      binMax: quantileMax ?? null,
      binContains: quantileFraction ?? null,
    }),
  ),
);

/** One explanation of an upload, converted to its stored form. */
const explanation = z.pipe(
  z.object({
    text: z.string().check(z.minLength(1), z.maxLength(512)),
    methodName: z.nullish(text),
    modelName: z.nullish(text),
  }),
  z.transform(
    ({ text, methodName, modelName }): NewExplanation => ({
      text,
      methodName: methodName ?? null,
      modelName: modelName ?? null,
    }),
  ),
);

/** Activations and explanations of a row; both may be missing or null. */
export const exampleFields = {
  activations: z.nullish(z.array(activation)),
  explanations: z.nullish(z.array(explanation)),
};

/** Returns the largest value in a list of activations; 0 for an empty list. */
export function maxActivation(activations: readonly NewActivation[]): number {
  let most = -Infinity;
  for (const { values } of activations) for (const value of values) if (value > most) most = value;
  return most === -Infinity ? 0 : most;
}
