import { eachRow, intersectRanges, mergeRanges, type Ranges } from '../tensor/ranges.ts';
import type { HeldJob } from './held-jobs.ts';
import type { JournalRecord } from './journal-records.ts';
import type { JournalState } from './journal-state.ts';
import { idOfRow, rowsAmong } from './row-ids.ts';

/** Notes in journals what happens to rows, given by id. A note is durable once its call has resolved. */
export interface DeletionMarks {
  /** To be called before the first request that may delete any of them. */
  begin(ids: readonly string[]): Promise<void>;
  /** They were looked up and are gone. */
  gone(ids: readonly string[]): Promise<void>;
  /** They were looked up and are still there. */
  kept(ids: readonly string[]): Promise<void>;
  /** They were absent at the first look-up: somebody has deleted them, if they were ever there. */
  vanished(ids: readonly string[]): Promise<void>;
}

type MarkedJob = Pick<HeldJob, 'job' | 'journal'> & { readonly state: JournalState };

/** Makes marks in the journals of held jobs; ids that none of them knows are ignored. */
export function deletionMarks(held: readonly HeldJob[]): DeletionMarks {
  // The states at the start: a row and its name must still be found after it is marked as deleted.
  const jobs = held.map(({ job, journal }): MarkedJob => ({ job, journal, state: journal.state }));
  const note = async (ids: readonly string[], make: (job: MarkedJob, rows: Ranges) => JournalRecord | undefined) => {
    const among = new Set(ids);
    for (const one of jobs) {
      const rows = rowsAmong(one.job, one.state, among);
      const record = rows.length > 0 ? make(one, rows) : undefined;
      if (!record) continue;
      await one.journal.append(record);
      await one.journal.sync();
    }
  };
  return {
    begin: (ids) => note(ids, (_job, rows) => ({ t: 'deleting', rows })),
    gone: (ids) => note(ids, (_job, rows) => ({ t: 'deleted', rows })),
    kept: (ids) => note(ids, (job, rows) => ({ t: 'found', rows, ids: namesOf(job, rows) })),
    // A row whose outcome is unknown may still arrive, so only rows that the server is known to have had are noted.
    vanished: (ids) =>
      note(ids, ({ state }, rows) => {
        const had = intersectRanges(rows, mergeRanges([...state.stored, ...state.deleting]));
        return had.length > 0 ? { t: 'deleted', rows: had } : undefined;
      }),
  };
}

function namesOf({ job, state }: MarkedJob, rows: Ranges): Record<string, string> {
  if (job.as === 'features' || job.as === 'activations') return {};
  return Object.fromEntries([...eachRow(rows)].map((row) => [row, idOfRow(job, state, row) as string]));
}
