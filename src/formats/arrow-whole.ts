import type { ByteSource } from '../tensor/byte-source.ts';
import { readBytes } from '../tensor/byte-source.ts';
import { elementCount, type Tensor } from '../tensor/tensor.ts';
import type { ArrowFrames } from './arrow-messages.ts';

/** The largest file for apache-arrow, which holds all of it in memory and yields values one by one. */
const largestFile = 4 << 20;

/**
 * Returns a function that reads a small array as float32, by having apache-arrow decode the whole file. It returns
 * undefined for large files, for columns that make up a matrix together, and if apache-arrow fails (compressed buffers:
 * it has no codecs of its own). apache-arrow trusts any length in the metadata and may then never return. So it gets only
 * what was checked when the file was opened, and no file with dictionaries, which were not.
 */
export function wholeReader(
  bytes: ByteSource,
  frames: ArrowFrames,
): (tensor: Tensor) => Promise<Float32Array | undefined> {
  return async (tensor) => {
    const index = frames.schema.fields.findIndex(({ name }) => name === tensor.name);
    if (index < 0 || bytes.size > largestFile || frames.hasDictionaries()) return undefined;
    try {
      const { tableFromIPC } = await import('apache-arrow');
      const column = tableFromIPC(await readBytes(bytes, 0, bytes.size)).getChildAt(index);
      if (!column) return undefined;
      const values = new Float32Array(elementCount(tensor.shape));
      let at = 0;
      for (const row of column) {
        if (tensor.shape.length === 1) values[at++] = Number(row);
        else for (const value of row) values[at++] = Number(value);
      }
      return at === values.length ? values : undefined;
    } catch {
      return undefined;
    }
  };
}
