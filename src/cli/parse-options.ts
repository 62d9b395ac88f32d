import { didYouMean } from '../closest.ts';
import { AppError } from '../errors.ts';
import { array, boolean, enum as choice, NEVER, pipe, refine, regex, string, transform, url } from '../schema.ts';
import type { OptionSpec } from './option-spec.ts';
import { optionSpecs } from './option-specs.ts';
import type { Zod } from './option-values.ts';
import { flagOf, type OptionName, type OptionValues } from './options.ts';

const zod: Zod = { array, boolean, enum: choice, NEVER, pipe, refine, regex, string, transform, url };

/** Parses option values with their schemas. Error: usage, naming the option, its value and what was expected. */
export function parseOptions(raw: Readonly<Record<string, unknown>>): OptionValues {
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(raw)) {
    if (value === undefined || !Object.hasOwn(optionSpecs, name)) continue;
    values[name] = parseOption(name as OptionName, value);
  }
  return values as OptionValues;
}

function parseOption(name: OptionName, value: unknown): unknown {
  const spec: OptionSpec = optionSpecs[name];
  const result = spec.schema(zod).safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const expected = issue?.message ?? 'not understood';
  // For a repeatable option, show only the value that is wrong.
  const [position] = issue?.path ?? [];
  const shown = Array.isArray(value) && position !== undefined ? value[Number(position)] : value;
  const choices = issue?.code === 'invalid_value' ? issue.values.map(String) : [];
  throw new AppError('usage', `${flagOf(name)} "${shown}": ${expected}`, {
    hints: [...didYouMean(String(shown), choices), `${flagOf(name)}: ${spec.help}`],
  });
}
