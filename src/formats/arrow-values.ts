import { dtypeSize } from '../tensor/dtype.ts';
import { quoted } from '../tensor/tensor.ts';
import type { ArrowBatch } from './arrow-batches.ts';
import { invalid } from './arrow-errors.ts';
import type { Inflater, Window } from './arrow-inflate.ts';
import type { ArrowField } from './arrow-schema.ts';

/** Opens the bytes of `count` numbers of a field from number `start` on. Error: format_invalid if any are missing. */
export async function openValues(
  file: string,
  field: ArrowField,
  batch: ArrowBatch,
  inflater: Inflater,
  start: number,
  count: number,
): Promise<Window> {
  const size = dtypeSize(field.dtype!);
  const { length } = batch.node(field.slot);
  if (start + count > length) {
    throw invalid(file, `column ${quoted(field.name)}: needs ${start + count} values in a batch that has ${length}`);
  }
  const { source, start: from, size: found } = await inflater.open(batch.buffer(field.slot, 1), length * size);
  const needed = (start + count) * size;
  if (found < needed) {
    throw invalid(
      file,
      `column ${quoted(field.name)}: its values take ${needed} bytes, its buffer has ${found} (truncated)`,
    );
  }
  return { source, start: from + start * size, size: count * size };
}
