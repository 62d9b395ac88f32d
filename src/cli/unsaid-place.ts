import { AppError } from '../errors.ts';
import { optionText } from './options.ts';

/**
 * The error for what the files of an SAE do not say, with an example made of the command that was typed. Where an SAE
 * is of is never guessed: an example that is pasted as it is must not bring it to another place.
 */
export function withExample(error: unknown, command: string): unknown {
  if (!(error instanceof AppError) || error.code !== 'option_missing' || error.details.head !== undefined) return error;
  const { missing } = error.details;
  const names = (['model', 'layer'] as const).filter((name) => typeof missing === 'string' && missing.includes(name));
  if (names.length === 0) return error;
  return error.with({ hints: [...error.hints, `for example: ${[command, ...names.map(optionText)].join(' ')}`] });
}
