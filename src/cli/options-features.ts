import { groups } from './option-groups.ts';
import type { OptionSpec } from './option-specs.ts';
import { oneOf, text, whole, type Zod } from './option-values.ts';

const group = groups.reading;

/** Options on what is known of each feature, and on which features there are. */
export const featureOptions = {
  index: {
    value: 'N',
    group,
    help: 'index of the feature, where one row is uploaded (default: its row)',
    schema: whole(0, 10_000_000),
  },
  featureMetadata: {
    value: 'FILE',
    group,
    help: 'facts per feature: a .jsonl keyed by index, or arrays with a value a feature; may hold {layer} and {head}',
    schema: text,
  },
  sparsityScale: {
    value: 'SCALE',
    group,
    help: "how a sparsity is meant: log10 or linear (default: log10 for SAELens' own file)",
    ...oneOf('log10', 'linear'),
  },
  skipDead: { group, help: 'leave out features that never fire', schema: (z: Zod) => z.boolean() },
} as const satisfies Record<string, OptionSpec>;
