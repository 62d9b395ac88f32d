import { countRows, intersectRanges, mergeRanges, subtractRanges } from '../tensor/ranges.ts';
import { type JobIdentity, jobId } from './job.ts';
import { journalPath, readJournal } from './journal.ts';
import { compareRows, featureExists } from './look.ts';
import type { JobInput } from './run-job.ts';

/** What a run would find and do. Counts are rows. */
export interface Preview {
  readonly planned: number;
  /** On the server by the journal's word, or found there now. */
  readonly there: number;
  readonly toSend: number;
}

/** All that a run needs before it writes anything. */
export type PreviewInput = Pick<
  JobInput,
  'server' | 'stateDir' | 'restart' | 'matrix' | 'planned' | 'delivery' | 'isNew' | 'onEvent'
> & {
  readonly identity: JobIdentity;
  /** Look only for rows that no earlier run of the job has looked for. */
  readonly trustJournal?: boolean;
};

/**
 * Looks at the journal and at the server without writing to either: for `--dry-run`.
 * Errors: feature_exists, and those of the look-up.
 */
export async function previewJob(input: PreviewInput): Promise<Preview> {
  const { server, identity, stateDir, restart, matrix, planned, delivery, isNew, onEvent } = input;
  const journal = restart ? undefined : await readJournal(journalPath(stateDir, jobId(server, identity)));
  const known = intersectRanges(planned, journal?.stored ?? []);
  // What was taken back since is like what was never planned.
  const seenBefore = input.trustJournal && journal ? subtractRanges(journal.planned, journal.deleted) : [];
  const open = subtractRanges(subtractRanges(planned, known), seenBefore);
  const seen = isNew || open.length === 0 ? undefined : await compareRows(matrix, open, delivery, onEvent);
  if (seen && seen.different.length > 0) {
    throw featureExists(matrix, seen.different, `${identity.model}/${identity.source}`, delivery);
  }
  const found = seen ? mergeRanges([...seen.same, ...seen.uncompared]) : [];
  const there = countRows(known) + countRows(found);
  return { planned: countRows(planned), there, toSend: countRows(planned) - there };
}
