/**
 * Matches a JSON string, in regular expressions with the `s` flag. An unclosed string takes all that is left: looking for
 * its end again from each quote in it would take quadratic time.
 */
export const jsonString = '"[^"\\\\]*(?:\\\\.?[^"\\\\]*)*(?:"|$)';

/** Matches strings, and the NaN and Infinity that Python's json writes although JSON has neither. */
const stringOrNoNumber = new RegExp(`${jsonString}|-?\\b(?:NaN|Infinity)\\b`, 'gs');

/** Puts null where Python's json has written NaN or an infinity. */
export function nullForNaN(text: string): string {
  return text.replace(stringOrNoNumber, (found) => (found.startsWith('"') ? found : 'null'));
}

/** Parses JSON as Python writes it: NaN and infinities become null. Throws a SyntaxError for anything else that is not JSON. */
export function parsePythonJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const plain = nullForNaN(text);
    if (plain === text) throw error;
    return JSON.parse(plain);
  }
}
