import { AppError } from '../errors.ts';
import { optionText } from './options.ts';

/**
 * Adds an example, made from the typed command, to the error for a model or layer that the files do not name. These are
 * placeholders in it, never guesses: pasted as it is, the example must not send the SAE to a wrong place.
 */
export function withExample(error: unknown, command: string): unknown {
  if (!(error instanceof AppError) || error.code !== 'option_missing' || error.details.head !== undefined) return error;
  const { missing } = error.details;
  const names = (['model', 'layer'] as const).filter((name) => typeof missing === 'string' && missing.includes(name));
  if (names.length === 0) return error;
  return error.with({ hints: [...error.hints, `for example: ${[command, ...names.map(optionText)].join(' ')}`] });
}
