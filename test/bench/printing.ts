import { floatWriter, longestFloatText } from '../../src/encode/floats.ts';
import { interleaved, median } from './measure.ts';
import type { Bench, Line } from './table.ts';

const width = 2304;
const rows = 2048;

/** Measures the printer's values per second and bytes per value, relative to JSON.stringify on the same rows. */
export async function printing({ values, repeats }: Bench): Promise<readonly Line[]> {
  const all = Float32Array.from({ length: rows * width }, (_, i) => values[i % values.length] as number);
  const into = new Uint8Array(width * longestFloatText);
  const sizes = { ours: 0, theirs: 0 };
  const timed = (work: () => void) => () => {
    const started = performance.now();
    work();
    return performance.now() - started;
  };
  const times = await interleaved(repeats, {
    ours: timed(() => {
      sizes.ours = 0;
      for (let row = 0; row < rows; row++) sizes.ours += floatWriter()(all, row * width, width, into, 0);
    }),
    theirs: timed(() => {
      sizes.theirs = 0;
      for (let row = 0; row < rows; row++) {
        sizes.theirs += JSON.stringify(Array.from(all.subarray(row * width, (row + 1) * width))).length - 2;
      }
    }),
  });
  const [ours, theirs] = [median(times.ours), median(times.theirs)];
  const speed = (ms: number) => `${(all.length / ms / 1000).toFixed(0)} M values/s`;
  return [
    {
      what: 'printing float32 rows vs `JSON.stringify(Array.from(row))`',
      goal: '≥ 12',
      measured: theirs / ours,
      unit: '×',
      detail: `${speed(ours)} beside ${speed(theirs)}`,
    },
    {
      what: 'bytes a value vs the same',
      goal: '≤ 0.60',
      measured: sizes.ours / sizes.theirs,
      unit: '',
      detail: `${(sizes.ours / all.length).toFixed(1)} beside ${(sizes.theirs / all.length).toFixed(1)}`,
    },
  ];
}
