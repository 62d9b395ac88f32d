import { rmSync } from 'node:fs';
import { openSink, upload } from './contenders.ts';
import { writeArrow } from './formats.ts';
import { npy, pathOf, type Shape, safetensors, tiledColumns, tiledRows, write, writeNpz } from './material.ts';
import type { Bench, Line } from './table.ts';

const width = 2304;
const goalMb = 140;
const ofSize = (bytes: number): Shape => ({ rows: Math.ceil(bytes / (4 * width * 1024)) * 1024, width });
const [small, large, huge] = [ofSize(50e6), ofSize(2e9), ofSize(20e9)];

type Write = (bench: Bench, shape: Shape) => Promise<string> | string;

const writers: Readonly<Record<string, Write>> = {
  'rows, .npy': ({ folder, values }, shape) =>
    write(pathOf(folder, 'rows', shape), npy(tiledRows(values, shape), [shape.rows, width])),
  'columns, .npy': ({ folder, values }, shape) =>
    write(pathOf(folder, 'columns', shape), npy(tiledColumns(values, shape), [width, shape.rows])),
  '.safetensors': ({ folder, values }, shape) =>
    write(pathOf(folder, 'st', shape), safetensors(tiledRows(values, shape), [shape.rows, width], 'F32', 4)),
  'npz, deflated': ({ folder, values }, shape) =>
    writeNpz(pathOf(folder, 'npz', shape), npy(tiledRows(values, shape), [shape.rows, width]), true),
  Arrow: ({ folder, values }, shape) => writeArrow(pathOf(folder, 'arrow', shape), values, shape),
};

/** Measures the peak memory of the whole process, by format and file size. */
export async function memory(bench: Bench): Promise<readonly Line[]> {
  const lines: Line[] = [];
  for (const [name, make] of Object.entries(writers)) {
    const first = await peak(bench, make, small, name);
    lines.push(line(name, small, first, first));
    // Here, an Arrow file has to fit into memory to be written.
    const sizes = name === 'Arrow' ? [ofSize(5e8)] : bench.large && name === 'rows, .npy' ? [large, huge] : [large];
    for (const shape of sizes) lines.push(line(name, shape, await peak(bench, make, shape, name), first));
  }
  return lines;
}

async function peak(bench: Bench, make: Write, shape: Shape, name: string): Promise<number> {
  const file = await make(bench, shape);
  const sink = await openSink('null', width);
  try {
    const turned = name.startsWith('columns') ? ['--orientation', 'columns'] : [];
    return (await upload(sink, file, turned)).peakMb;
  } finally {
    await sink.close();
    rmSync(file);
  }
}

function line(name: string, { rows }: Shape, peakMb: number, first: number): Line {
  const size = ((rows * width * 4) / 1e9).toFixed(2);
  return {
    what: `peak memory, ${name}, ${size} GB`,
    goal: `≤ ${goalMb}`,
    measured: peakMb,
    unit: ' MB',
    detail: peakMb === first ? '' : `${(peakMb / first).toFixed(2)} of the small file’s`,
  };
}
