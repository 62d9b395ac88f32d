import { AppError } from '../errors.ts';
import { type ByteSource, readBytes } from '../tensor/byte-source.ts';
import { beginning } from '../tensor/lines.ts';
import type { Contents, Format, TensorFile } from './format.ts';
import { isJsonRows, openJsonRows } from './json-rows.ts';
import { readJsonTensors } from './json-tensors.ts';
import { parseJson } from './json-text.ts';
import { openIndex } from './safetensors-index.ts';

/** JSON is read into memory as a whole. More than a few thousand vectors belong in a binary file. */
const longestText = 64 << 20;

/** A JSON array of numbers, rows of them, an object that holds such arrays, or one object per line (see `json-rows.ts`). */
export const json: Format = {
  name: 'json',
  // Text holds no NUL, but a binary length field that happens to begin like JSON does.
  sniff: (head) => /^[ \t\r\n]*[[{]/.test(beginning(head)) && !head.subarray(0, 16).includes(0),
  async open(path, bytes) {
    if (await isJsonRows(path, bytes)) return openJsonRows(path, bytes);
    const text = await readText(path, bytes);
    const value = parseJson(path, text);
    // An index whose weight_map begins after the bytes by which formats are recognised.
    if (isIndex(value)) return openIndex(path, text);
    return contentsOf(path, value);
  },
};

/**
 * Reads vectors from JSON that is not in a file, such as standard input; errors name it by `name`.
 * Error: format_invalid, with the place.
 */
export function openJsonText(name: string, bytes: Uint8Array): TensorFile {
  if (bytes.length > longestText) throw tooLong(name, bytes.length);
  return { ...contentsOf(name, parseJson(name, decode(name, bytes))), path: name, format: json.name, async close() {} };
}

function isIndex(value: unknown): boolean {
  const map = (value as { weight_map?: unknown } | null)?.weight_map;
  return typeof map === 'object' && map !== null && !Array.isArray(map);
}

function contentsOf(path: string, value: unknown): Contents {
  return { ...readJsonTensors(path, value), metadata: new Map() };
}

async function readText(path: string, bytes: ByteSource): Promise<string> {
  if (bytes.size > longestText) throw tooLong(path, bytes.size);
  return decode(path, await readBytes(bytes, 0, bytes.size));
}

/** Decodes UTF-8 without its byte order mark. Error: format_invalid. */
function decode(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new AppError('format_invalid', `${path}: is not UTF-8 text, so not JSON`, { details: { file: path } });
  }
}

function tooLong(path: string, size: number): AppError {
  return new AppError(
    'format_invalid',
    `${path}: ${size} bytes of JSON are too many; at most ${longestText} are read`,
    {
      hints: ['save matrices as .npy or .safetensors'],
      details: { file: path },
    },
  );
}
