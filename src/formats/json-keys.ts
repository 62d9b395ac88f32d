/**
 * A string of JSON, for regular expressions with the `s` flag. One that is not closed is all that is left: to look for its end
 * again at each quote in it would take a time that grows with the square of its length.
 */
export const jsonString = '"[^"\\\\]*(?:\\\\.?[^"\\\\]*)*(?:"|$)';

/** Headers of tensors nest three deep. */
const deepest = 32;

/**
 * Looks for an object key that stands twice in the same object of a JSON text: JSON.parse keeps the last one in silence.
 * Returns the key, or undefined. Throws an Error where objects nest absurdly deep. The text need not be valid JSON.
 */
export function findDuplicateKey(text: string): string | undefined {
  const open: Array<Set<string> | undefined> = [];
  const token = new RegExp(`${jsonString}|[{}[\\]]`, 'gs');
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const [piece] = match;
    if (piece === '{' || piece === '[') {
      open.push(piece === '{' ? new Set() : undefined);
      if (open.length > deepest) throw new Error(`nested deeper than ${deepest} levels`);
    } else if (piece === '}' || piece === ']') {
      open.pop();
    } else if (isKey(text, token.lastIndex)) {
      const key = unquote(piece);
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return undefined;
}

/** A string is a key where a colon follows it. */
function isKey(text: string, after: number): boolean {
  let at = after;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\t' || text[at] === '\r') at++;
  return text[at] === ':';
}

/** The same key may be written with different escapes. */
function unquote(piece: string): string {
  try {
    return JSON.parse(piece) as string;
  } catch {
    return piece;
  }
}
