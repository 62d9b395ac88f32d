import { openFile, readBytes } from '../tensor/byte-source.ts';
import { beginning } from '../tensor/lines.ts';

/** Bytes in which a line has named its first list. */
const headBytes = 4096;

/** Whether lines of JSON are rows of vectors, as the first one says: else they are examples of features. Errors: those of opening. */
export async function holdsVectors(path: string): Promise<boolean> {
  const file = await openFile(path);
  try {
    const head = await readBytes(file, 0, Math.min(headBytes, file.size));
    return /^\s*\{[^[{]*"vector"\s*:/.test(beginning(head));
  } finally {
    await file.close();
  }
}
