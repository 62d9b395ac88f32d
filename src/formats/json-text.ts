import { AppError } from '../errors.ts';
import { type JsonPiece, jsonPieces } from '../python-json.ts';
import { quoted } from '../tensor/tensor.ts';
import { findDuplicateKey } from './json-keys.ts';

/** Parses JSON strictly; errors say where it goes wrong. Error: format_invalid. */
export function parseJson(path: string, text: string): unknown {
  const duplicate = checkKeys(path, text);
  if (duplicate !== undefined) throw invalidJson(path, `has the key ${quoted(duplicate)} twice (duplicate)`);
  try {
    return JSON.parse(text);
  } catch (cause) {
    const literal = findLiteral(text);
    if (!literal) throw invalidJson(path, `is not JSON: ${(cause as Error).message}`);
    throw invalidJson(
      path,
      `holds ${literal.piece} at ${placeOf(text, literal.at)}, which is not a valid JSON number`,
      ['Python writes NaN and infinities like this; no such value can be uploaded'],
    );
  }
}

function checkKeys(path: string, text: string): string | undefined {
  try {
    return findDuplicateKey(text);
  } catch (cause) {
    throw invalidJson(path, `is not JSON that holds vectors: ${(cause as Error).message}`);
  }
}

/** Finds the first NaN or infinity outside strings, as Python's json writes them. */
function findLiteral(text: string): JsonPiece | undefined {
  for (const found of jsonPieces(text, /-?\b(?:NaN|Infinity|nan|inf)\b/))
    if (!found.piece.startsWith('"')) return found;
  return undefined;
}

function placeOf(text: string, at: number): string {
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  return `position ${at} (line ${line}, column ${at - before.lastIndexOf('\n')})`;
}

/** The error for text that is not JSON, or that holds no vectors. */
export function invalidJson(path: string, problem: string, hints: readonly string[] = []): AppError {
  return new AppError('format_invalid', `${path}: ${problem}`, { hints, details: { file: path } });
}
