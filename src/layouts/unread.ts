import { AppError } from '../errors.ts';
import type { TensorFile } from '../formats/format.ts';
import { quoted } from '../tensor/tensor.ts';

/** Reasons that arrays of numbers do not have: texts, dates, flags, records, configs that were pickled, complex numbers, small integers. */
const noWeights = new RegExp(
  [
    ...[
      'pickled',
      'structured dtype',
      'is no \\.npy',
      'is empty$',
      'an object',
      'a boolean',
      'a string',
      '\\(ragged\\)',
    ],
    ...["dtype '[<>=|]?(?:[USamMcb]|V(?!2'))", 'dtype [CIU]\\d', 'is a column of (?!.*(?:Decimal|\\bF\\d))'],
  ].join('|'),
);

/** Texts alone. */
const words = /column of|dtype '[<>=|]?[USa]|a string/;

/** Whether what cannot be read may be an array of numbers all the same: what is not known to be none may. */
export function isUnreadNumbers(reason: string): boolean {
  return !noWeights.test(reason);
}

/** Whether it is text. */
export function isText(reason: string): boolean {
  return words.test(reason);
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
