import { type ByteSource, readBytes } from '../tensor/byte-source.ts';
import { quoted } from '../tensor/tensor.ts';
import { invalid } from './arrow-errors.ts';
import type { ArrowField } from './arrow-schema.ts';

/** Bytes read at once: texts are asked for in order, and are short. */
const windowBytes = 1 << 18;
const longestText = 64 << 20;

/** Decodes the UTF-8 text of a row. Error: format_invalid. */
export function decodeText(file: string, field: ArrowField, bytes: Uint8Array, row: number): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw invalid(file, `column ${quoted(field.name)}: row ${row} is not UTF-8`, cause);
  }
}

/** Returns a reader of text bytes that keeps the piece read last. Error: format_invalid for a text of more than 64 MB. */
export function windowed(file: string, field: ArrowField) {
  let kept: { source: ByteSource; from: number; bytes: Uint8Array } | undefined;
  return async (source: ByteSource, from: number, length: number): Promise<Uint8Array> => {
    if (length > longestText) throw invalid(file, `column ${quoted(field.name)}: claims a text of ${length} bytes`);
    const isKept = kept?.source === source && from >= kept.from && from + length <= kept.from + kept.bytes.length;
    if (!isKept || !kept) {
      const most = Math.max(length, Math.min(windowBytes, source.size - from));
      kept = { source, from, bytes: await readBytes(source, from, most) };
    }
    return kept.bytes.subarray(from - kept.from, from - kept.from + length);
  };
}
