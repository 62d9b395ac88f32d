import { eachRow, intersectRanges, mergeRanges, type Ranges } from '../tensor/ranges.ts';
import type { HeldJob } from './held-jobs.ts';
import type { JournalRecord } from './journal-records.ts';
import type { JournalState } from './journal-state.ts';
import { idOfRow, rowsAmong } from './row-ids.ts';

/** Notes in journals what happens to rows, by their ids; durable when a call has resolved. */
export interface DeletionMarks {
  /** Before the first request that may delete one of them. */
  begin(ids: readonly string[]): Promise<void>;
  /** They were seen to be there no more after that. */
  gone(ids: readonly string[]): Promise<void>;
  /** They were seen to be there still. */
  kept(ids: readonly string[]): Promise<void>;
  /** They were not there when they were first looked for: somebody has deleted them, if they ever came. */
  vanished(ids: readonly string[]): Promise<void>;
}

type MarkedJob = Pick<HeldJob, 'job' | 'journal'> & { readonly state: JournalState };

/** Marks in the journals of held jobs; an id that none of them knows is nobody's to note. */
export function deletionMarks(held: readonly HeldJob[]): DeletionMarks {
  // As they were before: of what is deleted meanwhile the rows and names are still to be told.
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
    // A row whose outcome is unknown may still come: only what the server is known to have had is noted.
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
