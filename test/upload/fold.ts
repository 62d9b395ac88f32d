import type { JournalRecord } from '../../src/upload/journal-records.ts';
import { emptySum, type JournalState, stateOf } from '../../src/upload/journal-state.ts';
import { addRecord } from '../../src/upload/journal-sum.ts';

/** Adds up records, oldest first. */
export function foldRecords(records: Iterable<JournalRecord>): JournalState {
  const sum = emptySum();
  for (const record of records) addRecord(sum, record);
  return stateOf(sum);
}
