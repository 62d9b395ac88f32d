import { openArrowTable } from '../formats/arrow-table.ts';
import { unchangedSince } from '../tensor/unchanged.ts';
import { type Column, type Columns, numberColumn } from './columns.ts';

/** Text columns that are read. Any other would be free metadata of unknown size. */
const textNames = new Set(['name', 'description']);

/** Reads the columns of an Arrow file or stream: numbers, booleans, and the texts `name` and `description`. */
export async function readTable(path: string): Promise<Columns> {
  const requireUnchanged = unchangedSince(path);
  const table = await openArrowTable(path);
  const notRead = new Map(table.notRead);
  const columns: Column[] = [...table.numbers].map(([name, { dtype, values }]) =>
    numberColumn(name, values, dtype, values.length),
  );
  for (const [name, { at }] of table.texts) {
    // Texts are read on demand, after the check, so the file must not have changed in between.
    const unchanged = (position: number) =>
      at(position).then((text) => {
        requireUnchanged();
        return text;
      });
    if (textNames.has(name)) columns.push({ name, length: table.rows, values: new Float64Array(0), at: unchanged });
    else notRead.set(name, 'is a column of text; name and description are read');
  }
  return { columns, notRead, close: table.close };
}
