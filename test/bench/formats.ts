import { writeFileSync } from 'node:fs';
import { Field, FixedSizeList, Float32, makeData, RecordBatch, Schema, Struct, Table, tableToIPC } from 'apache-arrow';
import { openSink, upload } from './contenders.ts';
import { npy, pathOf, type Shape, safetensors, tiledRows, toBf16, toF16, write, writeNpz } from './material.ts';
import { interleaved, medianOf, type Usage } from './measure.ts';
import type { Bench, Line } from './table.ts';

const shape = { rows: 16384, width: 2304 };
const batchRows = 1024;

/** Measures the rows per second from each format, relative to float32 in `.npy`. */
export async function formats(bench: Bench): Promise<readonly Line[]> {
  const files = await writeFormats(bench);
  const sink = await openSink('null', shape.width);
  const times = await interleaved(
    bench.repeats,
    Object.fromEntries(Object.entries(files).map(([name, { file }]) => [name, () => upload(sink, file)])),
  );
  await sink.close();
  const wall = (name: string) => medianOf(times[name] as Usage[], ({ wallMs }) => wallMs);
  return Object.entries(files)
    .filter(([name]) => name !== 'npy')
    .map(([name, { what, goal }]) => ({
      what: `${what} vs float32 .npy, rows/s`,
      goal: goal ? `≥ ${goal}` : '',
      measured: wall('npy') / wall(name),
      unit: '×',
      detail: `${((shape.rows / wall(name)) * 1000).toFixed(0)} rows/s`,
    }));
}

interface Format {
  readonly what: string;
  readonly goal?: number;
  readonly file: string;
}

async function writeFormats({ folder, values }: Bench): Promise<Readonly<Record<string, Format>>> {
  const dimensions = [shape.rows, shape.width];
  const path = (name: string) => pathOf(folder, name, shape);
  const rows = () => tiledRows(values, shape);
  const tensors = (dtype: string, encode: (values: Float32Array) => Uint8Array) =>
    write(path(`${dtype}.safetensors`), safetensors(rows(), dimensions, dtype, 2, encode));
  return {
    npy: { what: 'float32 .npy', file: write(path('f32.npy'), npy(rows(), dimensions)) },
    bf16: { what: 'bf16 .safetensors', goal: 0.9, file: tensors('BF16', toBf16) },
    f16: { what: 'f16 .safetensors', goal: 0.9, file: tensors('F16', toF16) },
    arrow: { what: 'Arrow', goal: 0.8, file: writeArrow(path('arrow'), values, shape) },
    npz: { what: 'npz, stored', goal: 0.9, file: await writeNpz(path('npz'), npy(rows(), dimensions), false) },
    deflated: { what: 'npz, deflated', file: await writeNpz(path('deflated'), npy(rows(), dimensions), true) },
  };
}

/** Writes an Arrow file with one column of fixed-size lists, in record batches. */
export function writeArrow(path: string, values: Float32Array, { rows, width }: Shape): string {
  const item = Field.new('item', new Float32(), false);
  const list = new FixedSizeList(width, item);
  const schema = new Schema([Field.new('decoder', list, false)]);
  const batches = Array.from({ length: rows / batchRows }, (_, at) => {
    const data = new Float32Array(batchRows * width);
    for (let i = 0, from = at * data.length; i < data.length; i++)
      data[i] = values[(from + i) % values.length] as number;
    const child = makeData({ type: item.type, data });
    const column = makeData({ type: list, length: batchRows, nullCount: 0, child });
    return new RecordBatch(
      schema,
      makeData({ type: new Struct(schema.fields), length: batchRows, nullCount: 0, children: [column] }),
    );
  });
  writeFileSync(path, tableToIPC(new Table(schema, batches), 'file'));
  return path;
}
