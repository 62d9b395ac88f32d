import type { NewActivation } from '../store/examples.ts';
import { anyText, list, number, object, optional, type Shape, text } from './shape.ts';

const MAX_EDGE = 99_999_999;

const edge = optional(number({ max: MAX_EDGE }), { otherwise: null, nullable: true });

const activation = object({
  tokens: list(text(), { min: 1, max: 1024 }),
  values: list(number(), { min: 1, max: 1024 }),
  quantileMin: edge,
  quantileMax: edge,
  quantileFraction: optional(number({ min: 0, max: 1 }), { otherwise: null, nullable: true }),
});

type GivenActivation = ReturnType<typeof activation>;

/** A list of one or more activations, without an upper limit. */
export const activations: Shape<GivenActivation[]> = list(activation, { min: 1 });

const logits = optional(list(object({ token: text(), value: number() }), { max: 20 }), {
  otherwise: [],
  nullable: true,
});

const explanation = object({
  text: text({ max: 512 }),
  methodName: optional(anyText, { otherwise: null, nullable: true }),
  modelName: optional(anyText, { otherwise: null, nullable: true }),
});

/** One feature of a batch; unknown keys are dropped: "extra keys on feature and body: accepted, dropped". */
const feature = object({
  index: number({ min: 0, max: 10_000_000, integer: true }),
  density: optional(number({ min: 0, max: 1 }), { otherwise: 0 }),
  topLogits: logits,
  bottomLogits: logits,
  activations,
  explanations: optional(list(explanation), { otherwise: [], nullable: true }),
});

const lowered: Shape<string> = (value, path) => text()(value, path).toLowerCase();

/** A body of `feature/upload-batch`: "upper-case modelId and source: lower-cased". */
export const batch = object({
  modelId: lowered,
  source: lowered,
  features: list(feature, { min: 1, max: 128 }),
});

/** A checked batch. */
export type Batch = ReturnType<typeof batch>;
/** A checked feature of a batch. */
export type BatchFeature = ReturnType<typeof feature>;

/** Converts a checked activation to its stored form. */
export function storedActivation(given: GivenActivation): NewActivation {
  const { tokens, values, quantileMin, quantileMax, quantileFraction } = given;
  return { tokens, values, binMin: quantileMin, binMax: quantileMax, binContains: quantileFraction };
}

/** Whether all activations have as many values as tokens. */
export function areMatched(given: readonly GivenActivation[]): boolean {
  return given.every(({ tokens, values }) => tokens.length === values.length);
}
