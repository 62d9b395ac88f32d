import { AppError } from '../errors.ts';
import { type ByteSource, readBytes } from './byte-source.ts';

const chunkBytes = 1 << 20;
/** The most bytes of a line. A record is one feature, which takes kilobytes. */
export const longestRecord = 64 << 20;

/** Windows editors and PowerShell write this before UTF-8. */
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

/** The beginning of a text without its byte order mark, one character per byte, for recognising its format. */
export function beginning(head: Uint8Array): string {
  const text = Buffer.from(head.buffer, head.byteOffset, head.length);
  return text.subarray(lengthOfMark(text)).toString('latin1');
}

function lengthOfMark(head: Buffer): number {
  return head.subarray(0, byteOrderMark.length).equals(byteOrderMark) ? byteOrderMark.length : 0;
}

/** Yields each line of a file and where it begins. `onChunk` gets all bytes. Error: record_invalid for an endless line. */
export async function* linesOf(
  path: string,
  bytes: ByteSource,
  onChunk: (chunk: Uint8Array) => void,
): AsyncGenerator<{ readonly text: Buffer; readonly start: number }> {
  let rest = Buffer.alloc(0);
  let restStart = 0;
  for (let at = 0; at < bytes.size; ) {
    const chunk = await readBytes(bytes, at, Math.min(chunkBytes, bytes.size - at));
    onChunk(chunk);
    at += chunk.length;
    const text = Buffer.concat([rest, chunk]);
    let start = restStart === 0 ? lengthOfMark(text) : 0;
    for (let end = text.indexOf(10, start); end >= 0; end = text.indexOf(10, start)) {
      yield { text: text.subarray(start, end), start: restStart + start };
      start = end + 1;
    }
    rest = text.subarray(start);
    restStart += start;
    if (rest.length > longestRecord)
      throw new AppError('record_invalid', `${path}: a line is longer than ${longestRecord} bytes`);
  }
  if (rest.length > 0) yield { text: rest, start: restStart };
}
