import type { Ranges } from '../../tensor/ranges.ts';
import { rowBlocks } from '../../tensor/row-blocks.ts';
import type { Matrix } from '../../tensor/tensor.ts';
import { looseHash, vectorHash } from '../fingerprint.ts';
import type { RowHash } from '../server.ts';

/** Digests each row that becomes a vector of its own: the server names vectors itself, so the digests identify them. */
export async function hashRows(matrix: Matrix, rows: Ranges): Promise<(row: number) => RowHash> {
  const hashes = new Map<number, RowHash>();
  for await (const { start, count, width, values } of rowBlocks(matrix, rows)) {
    for (let i = 0; i < count; i++) {
      const row = values.subarray(i * width, (i + 1) * width);
      hashes.set(start + i, { exact: vectorHash(row, 0, width), loose: looseHash(row) });
    }
  }
  return (row) => {
    const hash = hashes.get(row);
    if (!hash) throw new Error(`row ${row} was not planned`);
    return hash;
  };
}
