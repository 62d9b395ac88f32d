import { interleaved, medianOf, run, tool } from './measure.ts';
import type { Bench, Line } from './table.ts';

/** Measures how long people wait for the tool to start, relative to Node itself. */
export async function startUp({ repeats }: Bench): Promise<readonly Line[]> {
  const times = await interleaved(4 * repeats + 1, {
    help: () => run({ args: [tool, '--help'] }),
    node: () => run({ args: ['-e', '0'] }),
  });
  const wall = (name: 'help' | 'node') => medianOf(times[name], ({ wallMs }) => wallMs);
  return [
    {
      what: '`--help` vs `node -e 0`',
      goal: '≤ 1.3',
      measured: wall('help') / wall('node'),
      unit: '×',
      detail: `${wall('help').toFixed(0)} ms beside ${wall('node').toFixed(0)} ms`,
    },
  ];
}
