import { naive, openSink, python, upload } from './contenders.ts';
import { npy, pathOf, type Shape, tiledRows, write } from './material.ts';
import { interleaved, medianOf, type Usage } from './measure.ts';
import type { Bench, Line } from './table.ts';

const shapes: readonly (Shape & { readonly goal: number })[] = [
  { rows: 16384, width: 768, goal: 7 },
  { rows: 16384, width: 2304, goal: 10 },
  { rows: 32768, width: 4096, goal: 11 },
];

/** Measures the whole process, from start to end, beside scripts as people write them. The server drains bodies. */
export async function whole(bench: Bench): Promise<readonly Line[]> {
  const lines: Line[] = [];
  for (const shape of shapes) lines.push(...(await oneShape(bench, shape)));
  return lines;
}

async function oneShape(bench: Bench, shape: Shape & { goal: number }): Promise<readonly Line[]> {
  const { rows, width, goal } = shape;
  const file = write(pathOf(bench.folder, 'whole.npy', shape), npy(tiledRows(bench.values, shape), [rows, width]));
  const sink = await openSink('null', width);
  const command = bench.python;
  try {
    const times = await interleaved<string, Usage>(bench.repeats, {
      ours: () => upload(sink, file),
      naive: () => naive(sink, file, shape),
      ...(command && { python: () => python(command, sink, file) }),
    });
    const wall = (name: string) => medianOf(times[name] ?? [], ({ wallMs }) => wallMs);
    const cpu = (name: string) => medianOf(times[name] ?? [], ({ cpuMs }) => cpuMs);
    const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;
    const speed = (name: string) => `${((rows / wall(name)) * 1000).toFixed(0)} rows/s`;
    const of = `${rows}×${width}`;
    return [
      {
        what: `\`upload-sae\` vs the naive script, ${of}`,
        goal: `≥ ${goal}`,
        measured: wall('naive') / wall('ours'),
        unit: '×',
        detail: `${seconds(wall('ours'))} (${speed('ours')}) beside ${seconds(wall('naive'))}`,
      },
      {
        what: `CPU of the client vs the same, ${of}`,
        goal: '≤ 0.125',
        measured: cpu('ours') / cpu('naive'),
        unit: '',
        detail: `${seconds(cpu('ours'))} beside ${seconds(cpu('naive'))}`,
      },
      ...(command
        ? [
            {
              what: `rows/s vs Python with numpy and requests, ${of}`,
              goal: '≥ 20',
              measured: wall('python') / wall('ours'),
              unit: '×',
              detail: `${speed('ours')} beside ${speed('python')}`,
            },
          ]
        : []),
    ];
  } finally {
    await sink.close();
  }
}
