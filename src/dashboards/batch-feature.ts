import * as z from '../schema.ts';
import type { Activation, Dashboard, Logit } from './dashboard.ts';

const bin = z.nullish(z.number());

/** Format: a feature in SAEDashboard's `batch-N.json`. */
export const featureSchema = z.looseObject({
  feature_index: z.int(),
  frac_nonzero: z.nullish(z.number()),
  pos_str: z.nullish(z.array(z.string())),
  pos_values: z.nullish(z.array(z.number())),
  neg_str: z.nullish(z.array(z.string())),
  neg_values: z.nullish(z.array(z.number())),
  activations: z.nullish(
    z.array(
      z.looseObject({
        tokens: z.array(z.string()),
        values: z.array(z.number()),
        bin_min: bin,
        bin_max: bin,
        bin_contains: bin,
      }),
    ),
  ),
});

export type BatchFeature = z.infer<typeof featureSchema>;

/** Describes tokens without values, or the other way round: without this check they would be dropped silently. */
export function unevenLogits({ pos_str, pos_values, neg_str, neg_values }: BatchFeature): string | undefined {
  const isUneven = (tokens: BatchFeature['pos_str'], values: BatchFeature['pos_values']) =>
    (tokens?.length ?? 0) !== (values?.length ?? 0);
  if (isUneven(pos_str, pos_values)) return 'pos_str and pos_values differ in length';
  return isUneven(neg_str, neg_values) ? 'neg_str and neg_values differ in length' : undefined;
}

/** Converts a feature to a dashboard. */
export function toDashboard(feature: BatchFeature): Dashboard {
  const { frac_nonzero: density, pos_str, pos_values, neg_str, neg_values, activations } = feature;
  return {
    activations: (activations ?? []).map(toActivation),
    ...(typeof density === 'number' && { density }),
    ...(pos_str && pos_values && { topLogits: toLogits(pos_str, pos_values) }),
    ...(neg_str && neg_values && { bottomLogits: toLogits(neg_str, neg_values) }),
  };
}

/** Converts an activation. The group of top activations has -1 as its bin, which is no quantile. */
function toActivation({
  tokens,
  values,
  bin_min,
  bin_max,
  bin_contains,
}: NonNullable<BatchFeature['activations']>[number]): Activation {
  const isQuantile = typeof bin_min === 'number' && bin_min !== -1 && bin_contains !== -1;
  if (!isQuantile) return { tokens, values };
  return {
    tokens,
    values,
    quantileMin: bin_min,
    ...(typeof bin_max === 'number' && { quantileMax: bin_max }),
    ...(typeof bin_contains === 'number' && { quantileFraction: bin_contains }),
  };
}

/** The most that a server takes; SAEDashboard may write more. */
const mostLogits = 20;

function toLogits(tokens: readonly string[], values: readonly number[]): Logit[] {
  const count = Math.min(tokens.length, values.length, mostLogits);
  return tokens.slice(0, count).map((token, i) => ({ token, value: values[i] as number }));
}
