import { mostStrength } from '../upload/strength.ts';
import { groups } from './option-groups.ts';
import type { OptionSpec } from './option-spec.ts';
import { decimal, decimalWithin, flag, whole, words } from './option-values.ts';

/** Options for a single direction: a steering vector or a probe. */
export const directionOptions = {
  name: { value: 'TEXT', group: groups.place, help: 'name of the vector', schema: words },
  strength: {
    value: 'N',
    group: groups.place,
    help: 'steering strength, -300 to 300 (default: 10; for steer, the stored one)',
    schema: decimalWithin(-mostStrength, mostStrength),
  },
  row: {
    value: 'I',
    group: groups.reading,
    help: 'row to use if the tensor holds several vectors, counted from 0',
    schema: whole(0, Number.MAX_SAFE_INTEGER),
  },
  concept: { value: 'TEXT', group: groups.place, help: 'concept that the probe detects', schema: words },
  bias: {
    value: 'X',
    group: groups.reading,
    help: 'bias (intercept) of the probe, if its file has none or a different one',
    schema: decimal,
  },
  class: {
    value: 'I',
    group: groups.reading,
    help: 'class whose direction to use, if the probe has one per class, counted from 0',
    schema: whole(0, Number.MAX_SAFE_INTEGER),
  },
  rawSpace: {
    group: groups.reading,
    help: "divide out the file's scaler: coef / scale, with the bias to match",
    schema: flag,
  },
  asStored: { group: groups.reading, help: 'upload the numbers as stored, whatever scaler the file has', schema: flag },
} as const satisfies Record<string, OptionSpec>;
