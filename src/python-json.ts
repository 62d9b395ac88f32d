/**
 * Matches a JSON string, in regular expressions with the `s` flag. An unclosed string takes all that is left: looking for
 * its end again from each quote in it would take quadratic time.
 */
export const jsonString = '"[^"\\\\]*(?:\\\\.?[^"\\\\]*)*(?:"|$)';

/** The beginnings of strings, and the NaN and Infinity that Python's json writes although JSON has neither. */
const quoteOrNoNumber = /"|-?\b(?:NaN|Infinity)\b/g;
const quoteOrNaN = /"|\bNaN\b/g;

/**
 * Puts null where Python's json has written NaN and, unless `onlyNaN`, an infinity. A pattern for whole strings would
 * overflow the stack.
 */
export function nullForNaN(text: string, onlyNaN = false): string {
  const found = new RegExp(onlyNaN ? quoteOrNaN : quoteOrNoNumber);
  let plain = '';
  let done = 0;
  for (let match = found.exec(text); match; match = found.exec(text)) {
    if (match[0] === '"') {
      found.lastIndex = endOfString(text, found.lastIndex);
      continue;
    }
    plain += `${text.slice(done, match.index)}null`;
    done = found.lastIndex;
  }
  return plain + text.slice(done);
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
