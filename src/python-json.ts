/** A string of a JSON text, with its quotes, or a piece between strings, and where it begins. */
export interface JsonPiece {
  readonly piece: string;
  readonly at: number;
}

/**
 * Yields the strings of a JSON text, and between them what `others` matches. An unclosed string takes all that is left:
 * looking for its end again from each quote in it would take quadratic time. A pattern for whole strings would overflow the
 * stack.
 */
export function* jsonPieces(text: string, others: RegExp): Generator<JsonPiece> {
  const next = new RegExp(`"|${others.source}`, 'g');
  for (let match = next.exec(text); match; match = next.exec(text)) {
    if (match[0] === '"') next.lastIndex = endOfString(text, next.lastIndex);
    yield { piece: text.slice(match.index, next.lastIndex), at: match.index };
  }
}

/** Returns the position after the quote that closes a string, or the end of the text. */
function endOfString(text: string, from: number): number {
  for (let at = from; ; ) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return text.length;
    let slash = quote;
    while (text[slash - 1] === '\\') slash--;
    if ((quote - slash) % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}

/** Puts null where Python's json has written NaN, which JSON lacks, and, unless `onlyNaN`, an infinity. */
export function nullForNaN(text: string, onlyNaN = false): string {
  let plain = '';
  let done = 0;
  for (const { piece, at } of jsonPieces(text, onlyNaN ? /\bNaN\b/ : /-?\b(?:NaN|Infinity)\b/)) {
    if (piece.startsWith('"')) continue;
    plain += `${text.slice(done, at)}null`;
    done = at + piece.length;
  }
  return plain + text.slice(done);
}

/** Parses JSON as Python writes it, with null as above. Throws a SyntaxError for anything else that is not JSON. */
export function parsePythonJson(text: string, onlyNaN = false): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const plain = nullForNaN(text, onlyNaN);
    if (plain === text) throw error;
    return JSON.parse(plain);
  }
}
