import { AppError } from '../errors.ts';
import type { TensorFile } from '../formats/format.ts';
import { quoted } from '../tensor/tensor.ts';

/** An Arrow column of anything but numbers. */
const columnOfOthers = 'column of (?!.*(?:Decimal|\\bF\\d))';

/** Reasons that rule out weights: text, dates, flags, records, pickled configs, complex numbers, small integers. */
const noWeights = new RegExp(
  [
    ...[
      'pickled',
      'structured dtype',
      'is not an \\.npy',
      'is empty$',
      'an object',
      'a boolean',
      'a string',
      '\\(ragged\\)',
    ],
    ...["dtype '[<>=|]?(?:[USamMcb]|V(?!2'))", 'dtype [CIU]\\d', `is a ${columnOfOthers}`],
  ].join('|'),
);

/** Reasons that mean text. An unreadable Arrow column counts as such, unless it is one of numbers. */
const words = new RegExp(`${columnOfOthers}|dtype '[<>=|]?[USa]|a string`);

/** Whether an unreadable array may still hold numbers: true unless the reason rules it out. */
export function isUnreadNumbers(reason: string): boolean {
  return !noWeights.test(reason);
}

/** Whether an unreadable array is text, judged by the reason. */
export function isText(reason: string): boolean {
  return words.test(reason);
}

/**
 * Refuses a file if an unreadable array may be the one that is meant, rather than take another in its place. `isMeant`
 * decides that from the array's name and the reason. Error: format_unsupported, with the reason and `wayOut`.
 */
export function refuseUnread(
  { path, undecodable }: TensorFile,
  isMeant: (name: string, reason: string) => boolean,
  wayOut = 'if you do not mean this array, name the one you mean with --tensor NAME',
): void {
  for (const [name, reason] of undecodable) {
    if (!isMeant(name, reason)) continue;
    throw new AppError('format_unsupported', `${path}: ${quoted(name)} cannot be read: ${reason.replace(/^it /, '')}`, {
      hints: [`save it again in a type that can be read: float32, float16 or bfloat16; ${wayOut}`],
      details: { file: path, tensor: name },
    });
  }
}

/** The `isMeant` for an array that is taken only for being alone: any unreadable one that may hold numbers counts. */
export const anyNumbers = (_name: string, reason: string): boolean => isUnreadNumbers(reason);

/** The same for a matrix, which no column of single numbers is. */
export const anyMatrix = (name: string, reason: string): boolean =>
  anyNumbers(name, reason) && !reason.endsWith('a column of single numbers');
