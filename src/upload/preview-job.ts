import { countRows, intersectRanges, mergeRanges, subtractRanges } from '../tensor/ranges.ts';
import { checkData } from './bind-data.ts';
import { jobId } from './job-lock.ts';
import { journalPath, readJournal } from './journal.ts';
import type { JournalState } from './journal-state.ts';
import { featureExists } from './look.ts';
import type { JobInput, Looking } from './run.ts';
import { lookAhead } from './unlisted.ts';

/** What a run would find and do. Counts are rows. */
export interface Preview {
  readonly planned: number;
  /** On the server according to the journal, or found there now. */
  readonly there: number;
  readonly toSend: number;
}

/** All that a run needs before it writes anything. */
export type PreviewInput = Pick<
  JobInput,
  keyof Looking | 'identity' | 'matrix' | 'planned' | 'blocks' | 'fields' | 'delivery' | 'isNew'
>;

/** Reads the journal that a run would resume from; undefined if it would begin anew. */
async function journalOf({ server, identity, stateDir, restart }: KnownInput): Promise<JournalState | undefined> {
  const journal = restart ? undefined : await readJournal(journalPath(stateDir, jobId(server, identity)));
  // A run does not resume a damaged journal: it begins another.
  return journal?.damaged ? undefined : journal?.state;
}

type KnownInput = Pick<PreviewInput, 'server' | 'identity' | 'stateDir' | 'restart' | 'planned'>;

/** Returns the most rows that a run may have to send, going by its journal alone; does not ask the server. */
export async function mostToSend(input: KnownInput): Promise<number> {
  const stored = (await journalOf(input))?.stored ?? [];
  return countRows(input.planned) - countRows(intersectRanges(input.planned, stored));
}

/**
 * Looks at the journal and at the server without writing to either, for `--dry-run`.
 * Errors: checkpoint_mismatch, feature_exists, and those of the look-up.
 */
export async function previewJob(input: PreviewInput): Promise<Preview> {
  const { planned, isNew } = input;
  const journal = await journalOf(input);
  if (journal) checkData(journal, input);
  const known = intersectRanges(planned, journal?.stored ?? []);
  const open = subtractRanges(planned, known);
  const seen = isNew || open.length === 0 ? undefined : await lookAhead(input, open);
  if (seen && seen.different.length > 0) throw featureExists(input, seen.different);
  const found = seen ? mergeRanges([...seen.same, ...seen.uncompared]) : [];
  const there = countRows(known) + countRows(found);
  return { planned: countRows(planned), there, toSend: countRows(planned) - there };
}
