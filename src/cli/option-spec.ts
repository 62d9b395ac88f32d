import type * as zod from '../schema.ts';
import type { Zod } from './option-values.ts';

/** How a value is read. zod is handed in, so that showing help need not load it. */
type Schema = (z: Zod) => zod.ZodMiniType;

/** One option, declared once: commander, help, the README and the types of commands are made from this. */
export interface OptionSpec {
  /** What its value is called in help; absent for a switch. */
  readonly value?: string;
  readonly group: string;
  readonly help: string;
  readonly schema: Schema;
  /** Words that its value is, or usually is: shells offer them. */
  readonly choices?: readonly string[];
  /** May be given several times; its schema gets all values. */
  readonly repeatable?: boolean;
  /** Written `--no-NAME`; such a switch is on unless it is given. */
  readonly negated?: boolean;
}
