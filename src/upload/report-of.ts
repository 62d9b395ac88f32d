import { countRows, intersectRanges, type Ranges, subtractRanges } from '../tensor/ranges.ts';
import { type JournalState, unansweredRows } from './journal-state.ts';
import type { JobReport } from './run.ts';

/** Builds the report of a job for the planned rows from its journal, as its run would have given it. */
export function reportOf(job: string, state: JournalState, planned: Ranges): JobReport {
  const { stored, ids, quarantined, found, sent } = state;
  const [confirmed, before] = [stored, subtractRanges(found, sent)].map((rows) =>
    countRows(intersectRanges(planned, rows)),
  );
  const counts = { planned: countRows(planned), confirmed: confirmed ?? 0, found: before ?? 0, sent: 0 };
  const unknown = unansweredRows(state);
  return { job, ...counts, ids, stored, quarantined, unknown, end: { type: 'finished' } };
}
