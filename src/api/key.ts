import { AppError } from '../errors.ts';

/** Returns a key without what copying may add around it: a byte order mark, spaces, `Bearer`, quotes around either. */
export function plainKey(text: string): string {
  const unquoted = (word: string) => word.replace(/^(["'])(.*)\1$/, '$2');
  const word = unquoted(text.replace(/^\uFEFF/, '').trim());
  return unquoted(word.replace(/^Bearer\s+/i, ''));
}

/** Returns a key fit for a header: removes what copying may add around it, refuses other odd characters. Error: no_key. */
export function cleanKey(text: string, from: string): string {
  const key = plainKey(text);
  if (key === '') throw new AppError('no_key', `${from}: the key is empty`, { hints: ['a key is one line of text'] });
  const strange = [...key].find((character) => !/[\x21-\x7e]/.test(character) || /["'`]/.test(character));
  if (strange === undefined) return key;
  throw new AppError('no_key', `${from}: the key contains ${JSON.stringify(strange)}, which cannot be part of a key`, {
    hints: ['copy it again, by itself: no quotes, no spaces, one line'],
  });
}
