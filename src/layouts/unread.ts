import { AppError } from '../errors.ts';
import type { TensorFile } from '../formats/format.ts';

/** What is plainly no array of numbers: columns of text, lists of words, configs that numpy has pickled. */
const noNumbers = /column of|pickled|dtype '[<>|=]?[US]|a string/;

/**
 * What cannot be read may be the very array that is meant: then no other is taken for it. `isMeant` knows it by its name;
 * with `orAny` whatever may be numbers is enough of a doubt, for where nothing but being alone speaks for the other one.
 * Error: format_unsupported, with why it cannot be read.
 */
export function refuseUnread(
  { path, undecodable }: TensorFile,
  isMeant: (name: string) => boolean,
  orAny = false,
): void {
  for (const [name, reason] of undecodable) {
    if (!isMeant(name) && !(orAny && !noNumbers.test(reason))) continue;
    throw new AppError('format_unsupported', `${path}: "${name}" cannot be read: ${reason.replace(/^it /, '')}`, {
      hints: [
        'save it again as numbers that are read: float32, float16 or bfloat16; if it is not what is meant, say what is with --tensor NAME',
      ],
      details: { file: path, tensor: name },
    });
  }
}
