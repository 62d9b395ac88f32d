import { eachRow, intersectRanges, mergeRanges, type Range, type Ranges, rangesOf } from '../tensor/ranges.ts';
import type { JobRecord } from './journal-records.ts';
import { type JournalState, unansweredRows } from './journal-state.ts';
import { indexInRuns } from './row-runs.ts';

/** Returns the server's id of a row; undefined if the server names rows itself and its answer was lost. */
export function idOfRow(job: JobRecord, state: JournalState, row: number): string | undefined {
  const { indices } = state.data ?? {};
  if (job.as === 'features') return `${job.model}/${job.source}/${indices ? indexInRuns(indices, row) : row}`;
  // The activations of a vector are stored under its id and deleted with it.
  return job.as === 'activations' ? job.source : state.ids.get(row);
}

/** Rows of a job that the server has, may have, or was about to lose. */
export function knownRows(state: JournalState): Ranges {
  return mergeRanges([...state.stored, ...state.deleting, ...unansweredRows(state)]);
}

/** The rows of a job that these ids name. */
export function rowsAmong(job: JobRecord, state: JournalState, ids: ReadonlySet<string>): Ranges {
  const known = knownRows(state);
  if (job.as === 'features' && ids.size < 1000 && !state.data?.indices)
    return intersectRanges(rowsNamed(job, ids), known);
  const rows: number[] = [];
  for (const row of eachRow(known)) if (ids.has(idOfRow(job, state, row) ?? '')) rows.push(row);
  return rangesOf(rows);
}

function rowsNamed(job: JobRecord, ids: ReadonlySet<string>): Ranges {
  const place = `${job.model}/${job.source}/`;
  const named = [...ids].filter((id) => id.startsWith(place)).map((id) => Number(id.slice(place.length)));
  return mergeRanges(named.map((row): Range => [row, row + 1]));
}
