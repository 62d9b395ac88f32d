import { jsonPieces } from '../python-json.ts';

/** Tensor headers nest three levels deep. */
const deepest = 32;

/**
 * Looks for a key that occurs twice in the same object of a JSON text: JSON.parse silently keeps the last one.
 * Returns the key, or undefined. Throws an Error if objects nest absurdly deep. The text need not be valid JSON.
 */
export function findDuplicateKey(text: string): string | undefined {
  const open: Array<Set<string> | undefined> = [];
  for (const { piece, at } of jsonPieces(text, /[{}[\]]/)) {
    if (piece === '{' || piece === '[') {
      open.push(piece === '{' ? new Set() : undefined);
      if (open.length > deepest) throw new Error(`nested deeper than ${deepest} levels`);
    } else if (piece === '}' || piece === ']') {
      open.pop();
    } else if (isKey(text, at + piece.length)) {
      const key = unquote(piece);
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return undefined;
}

/** Whether a string that ends before `after` is a key: a colon follows it. */
function isKey(text: string, after: number): boolean {
  let at = after;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\t' || text[at] === '\r') at++;
  return text[at] === ':';
}

/** Decodes a key, which may be written with different escapes. */
function unquote(piece: string): string {
  try {
    return JSON.parse(piece) as string;
  } catch {
    return piece;
  }
}
