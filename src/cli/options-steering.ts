import { steeringDefaults, steeringLimits, steerMethods } from '../api/steering.ts';
import type { OptionSpec } from './option-spec.ts';
import { decimalWithin, flag, oneOf, whole, type Zod } from './option-values.ts';

const group = 'Steering';

/** Options of `steer`, with the public server's limits. */
export const steeringOptions = {
  prompt: {
    value: 'TEXT',
    group,
    help: 'text to complete, or - for standard input',
    schema: (z: Zod) => z.string(),
  },
  tokens: {
    value: 'N',
    group,
    help: `number of tokens to generate, up to ${steeringLimits.tokens[1]} (default: ${steeringDefaults.tokens})`,
    schema: whole(...steeringLimits.tokens),
  },
  temperature: {
    value: 'X',
    group,
    help: `sampling temperature, 0 to 2 (default: ${steeringDefaults.temperature})`,
    schema: decimalWithin(...steeringLimits.temperature),
  },
  seed: {
    value: 'N',
    group,
    help: `sampling seed (default: ${steeringDefaults.seed})`,
    schema: whole(...steeringLimits.seed),
  },
  multiplier: {
    value: 'X',
    group,
    help: `factor applied to all strengths, 0 to 20 (default: ${steeringDefaults.multiplier})`,
    schema: decimalWithin(...steeringLimits.multiplier),
  },
  method: {
    value: 'METHOD',
    group,
    help: "steering method: SIMPLE_ADDITIVE or ORTHOGONAL_DECOMP (default: the server's, SIMPLE_ADDITIVE)",
    ...oneOf(...steerMethods),
  },
  chat: { group, help: "generate a chat turn, in the model's template", schema: flag },
  specialTokens: {
    group,
    help: "with --chat: do not steer the template's special tokens",
    negated: true,
    schema: flag,
  },
  stream: { group, help: 'request the whole answer at once', negated: true, schema: flag },
} as const satisfies Record<string, OptionSpec>;

/** Their names, in the order of the help. */
export const steeringNames = Object.keys(steeringOptions) as (keyof typeof steeringOptions)[];
