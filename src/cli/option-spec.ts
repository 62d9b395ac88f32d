import type * as zod from '../schema.ts';
import type { Zod } from './option-values.ts';

/** How a value is parsed. zod is passed in, so that showing help does not load it. */
type Schema = (z: Zod) => zod.ZodMiniType;

/** One option, declared once, for commander, help and the types of commands; a test checks the README against it. */
export interface OptionSpec {
  /** What its value is called in help; absent for a switch. */
  readonly value?: string;
  readonly group: string;
  readonly help: string;
  readonly schema: Schema;
  /** The values that it takes, or usually takes: shell completion offers them. */
  readonly choices?: readonly string[];
  /** May be given several times; its schema gets all values. */
  readonly repeatable?: boolean;
  /** Written `--no-NAME`; such a switch is on unless it is given. */
  readonly negated?: boolean;
}
