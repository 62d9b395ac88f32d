import { rmSync, writeFileSync } from 'node:fs';
import { naive, openSink, upload } from './contenders.ts';
import { drawGrowth, type Point } from './figure.ts';
import { npy, pathOf, tiledRows, write } from './material.ts';
import { interleaved, medianOf, type Usage } from './measure.ts';
import type { Bench, Line } from './table.ts';

const width = 2304;
const megabytes = [10, 30, 100, 300, 1000, 2000];
/** Megabytes of the largest file that the naive script gets: it takes minutes for larger ones. */
const naiveMost = 300;

/** Measures rows per second and peak memory by file size, ours and the naive script's. Draws them for `--figure`. */
export async function growth(bench: Bench): Promise<readonly Line[]> {
  const points: Record<'ours' | 'naive', Point[]> = { ours: [], naive: [] };
  const sink = await openSink('null', width);
  try {
    for (const size of megabytes) {
      const shape = { rows: Math.round((size * 1e6) / (4 * width)), width };
      const file = write(
        pathOf(bench.folder, 'growth', shape),
        npy(tiledRows(bench.values, shape), [shape.rows, width]),
      );
      const times = await interleaved<string, Usage>(size > naiveMost ? 1 : bench.repeats, {
        ours: () => upload(sink, file),
        ...(size <= naiveMost && { naive: () => naive(sink, file, shape) }),
      });
      rmSync(file);
      for (const [name, usages] of Object.entries(times)) {
        points[name as 'ours' | 'naive'].push({
          megabytes: size,
          rowsASecond: (1000 * shape.rows) / medianOf(usages, ({ wallMs }) => wallMs),
          peakMb: medianOf(usages, ({ peakMb }) => peakMb),
        });
      }
    }
  } finally {
    await sink.close();
  }
  if (bench.figure) writeFileSync(bench.figure, drawGrowth(points));
  return points.ours.map(({ megabytes, rowsASecond, peakMb }) => ({
    what: `whole process, a file of ${megabytes} MB`,
    goal: '',
    measured: rowsASecond,
    unit: ' rows/s',
    detail: `peak memory ${peakMb.toFixed(0)} MB`,
  }));
}
