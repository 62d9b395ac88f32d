import { AppError } from '../errors.ts';
import { formatRanges, intersectRanges, mergeRanges, type Ranges } from '../tensor/ranges.ts';
import type { RowIdentity } from './delivery.ts';
import { looseHash } from './fingerprint.ts';
import { holdJob } from './held-jobs.ts';
import type { JobRecord } from './journal-records.ts';
import { type JournalState, unansweredRows } from './journal-state.ts';
import { idOfRow } from './row-ids.ts';

/** A person's verdict on a row without an answer: the server has it as `id` (`model/source/index`), or (null) not at all. */
export interface RowResolution {
  readonly row: number;
  readonly id: string | null;
}

/** What the server returns of a feature or vector that shows whether it is a given row. */
export interface ReadBack {
  readonly label: string | undefined;
  readonly vector: Float32Array | undefined;
}

/** Reads `model/source/index`; undefined if there is none, null if the server cannot be asked. */
export type ReadById = (id: string) => Promise<ReadBack | undefined | null>;

/**
 * Records in a job's journal what became of unanswered rows, for all of them or none. The next run goes on from there.
 * Returns the ids that could not be checked. Errors: those of `holdJob`, not_found (no such row or feature), difference.
 */
export async function resolveRows(
  stateDir: string,
  id: string,
  resolutions: readonly RowResolution[],
  read: ReadById,
): Promise<string[]> {
  const { journal, close } = await holdJob(id, { stateDir, forceUnlock: false });
  try {
    const unchecked: string[] = [];
    for (const resolution of resolutions) {
      if (!(await checkResolution(journal.state, id, resolution, read))) unchecked.push(resolution.id as string);
    }
    await journal.append(...resolutions.map(({ row, id: name }) => ({ t: 'resolved' as const, row, id: name })));
    await journal.sync();
    return unchecked;
  } finally {
    await close();
  }
}

/** Checks what a person says of a row; false if the server could not be asked. Errors: not_found, difference. */
async function checkResolution(
  state: JournalState,
  jobId: string,
  { row, id }: RowResolution,
  read: ReadById,
): Promise<boolean> {
  const { unknown, job } = state;
  const isAmong = (rows: Ranges) => intersectRanges(mergeRanges(rows), [[row, row + 1]]).length > 0;
  if (!job || !isAmong(unansweredRows(state))) throw notUnknown(state, jobId, row);
  const intent = unknown.find(({ rows }) => isAmong(rows));
  if (id === null) return true;
  const expected = expectedPlace(job, state, row, intent?.identity);
  const matches = typeof expected === 'string' ? id === expected : id.startsWith(`${expected.place}/`);
  if (!matches) throw different(row, id, `it belongs at ${typeof expected === 'string' ? expected : expected.place}`);
  const found = await read(id);
  if (found === null) return false;
  if (!found)
    throw new AppError('not_found', `the server has no ${id}; nothing was recorded`, { details: { row, id } });
  if (typeof expected !== 'string') compare(row, id, expected, found);
  return true;
}

/**
 * Where a row must be. A feature is at its row number or its own index, and activations are with the vector that their job
 * is named after. A row that the server names itself is recognised by place, label and values.
 */
function expectedPlace(job: JobRecord, state: JournalState, row: number, identity: RowIdentity | undefined) {
  return job.as === 'activations' ? job.source : (identity ?? idOfRow(job, state, row) ?? job.source);
}

function compare(row: number, id: string, expected: RowIdentity, { label, vector }: ReadBack): void {
  if (label !== expected.label) {
    throw different(row, id, `its label is ${JSON.stringify(label ?? null)}, not ${JSON.stringify(expected.label)}`);
  }
  if (!vector || looseHash(vector) !== expected.hash) throw different(row, id, 'its values differ');
}

function different(row: number, id: string, how: string): AppError {
  return new AppError('difference', `${id} is not row ${row}: ${how}; nothing was recorded`, { details: { row, id } });
}

function notUnknown(state: JournalState, job: string, row: number): AppError {
  const rows = unansweredRows(state);
  const open = rows.length === 0 ? 'no row of this job does' : `the rows that lack one are ${formatRanges(rows)}`;
  return new AppError('not_found', `job ${job}: row ${row} does not lack an answer; ${open}`, {
    hints: [`neuronpedia status ${job} shows them`],
    details: { job, row },
  });
}
