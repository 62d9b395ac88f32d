import { mostStrength } from '../upload/strength.ts';
import { groups } from './option-groups.ts';
import type { OptionSpec } from './option-specs.ts';
import { decimal, flag, text, whole, type Zod } from './option-values.ts';

/** Options of a direction of its own: a steering vector or a probe. */
export const directionOptions = {
  name: { value: 'TEXT', group: groups.place, help: 'name of the vector', schema: text },
  strength: {
    value: 'N',
    group: groups.place,
    help: 'steering strength, -300 to 300 (default: 10; with steer the one that is stored)',
    schema: (z: Zod) =>
      decimal(z).check(
        z.refine((value) => Math.abs(value) <= mostStrength, `expected -${mostStrength} to ${mostStrength}`),
      ),
  },
  row: {
    value: 'I',
    group: groups.reading,
    help: 'the row that is meant, where the tensor holds several vectors; counted from 0',
    schema: whole(0, Number.MAX_SAFE_INTEGER),
  },
  concept: { value: 'TEXT', group: groups.place, help: 'what the probe tells apart', schema: text },
  bias: {
    value: 'X',
    group: groups.reading,
    help: 'bias (intercept) of the probe, where its file has none or another is meant',
    schema: decimal,
  },
  class: {
    value: 'I',
    group: groups.reading,
    help: 'the class whose direction is meant, of a probe of several; counted from 0',
    schema: whole(0, Number.MAX_SAFE_INTEGER),
  },
  rawSpace: {
    group: groups.reading,
    help: 'divide the scaler in the file out: coef / scale, with the bias to match',
    schema: flag,
  },
  asStored: { group: groups.reading, help: 'leave a scaler in the file alone', schema: flag },
} as const satisfies Record<string, OptionSpec>;
