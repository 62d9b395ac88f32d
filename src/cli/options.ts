import type * as zod from '../schema.ts';
import type { OptionSpec } from './option-spec.ts';
import { optionSpecs } from './option-specs.ts';

export type OptionName = keyof typeof optionSpecs;

/** Parsed values of some options; what was not given is absent. */
export type OptionValues<Name extends OptionName = OptionName> = {
  readonly [K in Name]?: zod.infer<ReturnType<(typeof optionSpecs)[K]['schema']>>;
};

/** Options that every command takes. */
export const everywhere = [
  'apiUrl',
  'sandbox',
  'sandboxPublic',
  'insecure',
  'json',
  'quiet',
  'verbose',
  'progress',
  'color',
  'input',
] as const satisfies readonly OptionName[];

/** Returns an option as typed: `--sae-id` for `saeId`, and `--no-progress` for the negated switch `progress`. */
export function flagOf(name: OptionName): string {
  const spec: OptionSpec = optionSpecs[name];
  const hyphened = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `--${spec.negated ? 'no-' : ''}${hyphened}`;
}

/** Returns an option with the name of its value, such as `--layer N`. */
export function optionText(name: OptionName): string {
  const { value }: OptionSpec = optionSpecs[name];
  return value === undefined ? flagOf(name) : `${flagOf(name)} ${value}`;
}
