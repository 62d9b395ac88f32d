import { groups } from './option-groups.ts';
import type { OptionSpec } from './option-spec.ts';
import { flag, oneOf, text, whole } from './option-values.ts';

const group = groups.reading;

/** Options for the facts about each feature, and for the features that are uploaded. */
export const featureOptions = {
  index: {
    value: 'N',
    group,
    help: 'feature index when a single row is uploaded (default: its row number)',
    schema: whole(0, 10_000_000),
  },
  featureMetadata: {
    value: 'FILE',
    group,
    help: 'facts about each feature: a .jsonl keyed by index, or arrays with one value per feature; may contain {layer} and {head}',
    schema: text,
  },
  sparsityScale: {
    value: 'SCALE',
    group,
    help: "how to read sparsity values: log10 or linear (default: log10 for SAELens' own file)",
    ...oneOf('log10', 'linear'),
  },
  skipDead: { group, help: 'leave out features that never fire', schema: flag },
} as const satisfies Record<string, OptionSpec>;
