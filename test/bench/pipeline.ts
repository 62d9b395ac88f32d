import { join } from 'node:path';
import { openSink, resend, upload } from './contenders.ts';
import { npy, pathOf, tiledColumns, tiledRows, write } from './material.ts';
import { interleaved, medianOf, type Usage } from './measure.ts';
import type { Bench, Line } from './table.ts';

const shape = { rows: 16384, width: 2304 };
const single = { rows: 1, width: 2304 };
const slowFsyncMs = 5;

/** Measures what the pipeline costs beyond sending, and where. An upload of one row is subtracted for the start-up. */
export async function pipeline(bench: Bench): Promise<readonly Line[]> {
  const { folder, values } = bench;
  const file = write(pathOf(folder, 'pipeline.npy', shape), npy(tiledRows(values, shape), [shape.rows, shape.width]));
  const small = write(pathOf(folder, 'small.npy', single), npy(tiledRows(values, single), [1, shape.width]));
  const turned = write(
    pathOf(folder, 'columns.npy', shape),
    npy(tiledColumns(values, shape), [shape.width, shape.rows]),
  );
  const kept = await keepBodies(folder, file);
  return [
    ...(await beyondSending(bench, 'null', 2, { file, small, kept })),
    ...(await beyondSending(bench, 'parse', 1.1, { file, small, kept })),
    ...(await shares(bench, { file, small, turned })),
  ];
}

interface Files {
  readonly file: string;
  readonly small: string;
  readonly kept: string;
}

async function keepBodies(folder: string, file: string): Promise<string> {
  const kept = join(folder, 'bodies');
  const sink = await openSink('keep', shape.width, kept);
  await upload(sink, file);
  await sink.close();
  return kept;
}

const wall = (usages: readonly Usage[]) => medianOf(usages, ({ wallMs }) => wallMs);

async function beyondSending(
  { repeats }: Bench,
  kind: 'null' | 'parse',
  goal: number,
  { file, small, kept }: Files,
): Promise<readonly Line[]> {
  const sink = await openSink(kind, shape.width);
  const limits: number[] = [];
  const times = await interleaved<string, Usage | undefined>(repeats, {
    ours: () => upload(sink, file),
    start: () => upload(sink, small),
    limit: async () => {
      limits.push(await resend(sink, kept));
      return undefined;
    },
  });
  await sink.close();
  const pipelineMs = wall(times.ours as Usage[]) - wall(times.start as Usage[]);
  const limitMs = medianOf(limits.slice(1), (ms) => ms);
  const rate = (ms: number) => `${((shape.rows / ms) * 1000).toFixed(0)} rows/s`;
  return [
    {
      what: `pipeline vs posting the same bodies made beforehand, ${kind === 'null' ? 'null' : 'parsing'} sink`,
      goal: `≤ ${goal}`,
      measured: pipelineMs / limitMs,
      unit: '×',
      detail: `${rate(pipelineMs)} beside ${rate(limitMs)}`,
    },
  ];
}

async function shares(
  { repeats }: Bench,
  { file, small, turned }: Omit<Files, 'kept'> & { turned: string },
): Promise<readonly Line[]> {
  const sink = await openSink('null', shape.width);
  const times = await interleaved(repeats, {
    rows: () => upload(sink, file),
    columns: () => upload(sink, turned, ['--orientation', 'columns']),
    start: () => upload(sink, small),
    check: () => upload(sink, file, ['--dry-run']),
    noCheck: () => upload(sink, small, ['--dry-run']),
    // The same preload without its delay: loading it takes as long as many fsyncs.
    fastDisk: () => upload(sink, file, [], { BENCH_FSYNC_MS: '0' }),
    slowDisk: () => upload(sink, file, [], { BENCH_FSYNC_MS: String(slowFsyncMs) }),
  });
  await sink.close();
  const start = wall(times.start);
  const check = wall(times.check) - wall(times.noCheck);
  const slower = wall(times.slowDisk) - wall(times.fastDisk);
  return [
    {
      what: 'columns (transposed decoder) vs rows, pipeline',
      goal: '≥ 0.8',
      measured: (wall(times.rows) - start) / (wall(times.columns) - start),
      unit: '×',
      detail: `${shape.rows}×${shape.width}`,
    },
    {
      what: 'check pass, of the whole time',
      goal: '≤ 25',
      measured: (100 * check) / wall(times.rows),
      unit: ' %',
      detail: `${check.toFixed(0)} ms of ${wall(times.rows).toFixed(0)} ms`,
    },
    {
      what: `journal with ${slowFsyncMs} ms added to each fsync, of the whole time`,
      goal: '≤ 3',
      measured: Math.max(0, (100 * slower) / wall(times.slowDisk)),
      unit: ' %',
      detail: `${slower.toFixed(0)} ms`,
    },
  ];
}
