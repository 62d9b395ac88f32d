import { countRows, intersectRanges, type Ranges } from '../tensor/ranges.ts';
import { foundBefore, type JournalState, unansweredRows } from './journal-state.ts';
import type { JobReport } from './run.ts';

/** Builds the report of a job for the planned rows from its journal, as its run would have given it. */
export function reportOf(job: string, state: JournalState, planned: Ranges): JobReport {
  const { stored, ids, quarantined } = state;
  const among = (rows: Ranges) => countRows(intersectRanges(planned, rows));
  const counts = { planned: countRows(planned), confirmed: among(stored), found: among(foundBefore(state)), sent: 0 };
  const unknown = unansweredRows(state);
  return { job, ...counts, ids, stored, quarantined, unknown, end: { type: 'finished' } };
}
