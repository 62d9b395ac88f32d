import { AppError } from '../errors.ts';
import type { TensorFile } from '../formats/format.ts';
import { quoted } from '../tensor/tensor.ts';

/** Reasons that weights have for not being read: of other arrays (words, dates, complex numbers, configs) there is no doubt. */
const mayBeWeights =
  /dtype V2|dtype B?F\d|(^|: )row \d+ is null|is truncated|compressed by method|of (Decimal|Float)|is null, not a number|so infinite/;

/** Whether what cannot be read may be an array of numbers all the same. */
export function isUnreadNumbers(reason: string): boolean {
  return mayBeWeights.test(reason);
}

/**
 * What cannot be read may be the very array that is meant: then no other is taken for it. `isMeant` knows it by its name and
 * why it cannot be read. Error: format_unsupported, with that and a way out.
 */
export function refuseUnread(
  { path, undecodable }: TensorFile,
  isMeant: (name: string, reason: string) => boolean,
  wayOut = 'if it is not what is meant, say what is with --tensor NAME',
): void {
  for (const [name, reason] of undecodable) {
    if (!isMeant(name, reason)) continue;
    throw new AppError('format_unsupported', `${path}: ${quoted(name)} cannot be read: ${reason.replace(/^it /, '')}`, {
      hints: [`save it again as numbers that are read: float32, float16 or bfloat16; ${wayOut}`],
      details: { file: path, tensor: name },
    });
  }
}

/** Where nothing but being alone speaks for the array that is taken, any other that may be weights is a doubt. */
export const anyNumbers = (_name: string, reason: string): boolean => isUnreadNumbers(reason);
