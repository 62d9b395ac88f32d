import { AppError } from '../errors.ts';
import { countRows, intersectRanges, mergeRanges, type Ranges, rangesOf, subtractRanges } from '../tensor/ranges.ts';
import { waitFor } from '../wait-for.ts';
import { keptAsSent } from './bind-data.ts';
import type { Delivery } from './delivery.ts';
import { looseHash } from './fingerprint.ts';
import type { Job } from './job.ts';
import { isLostBeside } from './jobs-beside.ts';
import { batchesAmong, type JournalState, pendingRows } from './journal-state.ts';
import { type Comparison, compareRows, featureExists, sampleRows } from './look.ts';
import type { JobInput } from './run.ts';
import { type RowContent, toDelete } from './server.ts';
import { goOnUnseen, nothingSeen } from './unlisted.ts';

/** Most confirmed rows that are read back when a job is run again. */
const sampleSize = 64;

/**
 * Records in a job's journal, before its first send, which rows the server already has. Looks up rows that the journal does
 * not know. If sending a row twice would duplicate it, looks up every row still to be sent, because a journal that was cut
 * short or restored from a backup looks complete. Errors: feature_exists, difference (confirmed rows are gone or changed),
 * outcome_unknown, and those of the look-up.
 */
export async function lookFirst(input: JobInput, { id, journal, isAside, earlier }: Job): Promise<void> {
  const { planned, identity, delivery } = input;
  const state = journal.state;
  if (input.isNew) refuseVanished(input, state);
  await checkStored(input, state);
  if (state.done && subtractRanges(planned, state.stored).length === 0) return;
  const seenBefore = subtractRanges(state.planned, state.deleted);
  const pending = pendingRows(state, planned);
  const keyed = keyedRows(input, state);
  const unseen = repeatsAreHarmless(delivery)
    ? subtractRanges(pending, seenBefore)
    : mergeRanges([...pending, ...keyed]);
  const skip = input.isNew || unseen.length === 0;
  const { model, source, as, request, vector } = identity;
  const { server } = input;
  const place = { server: server.id, account: server.account.id, model, source, as, request, vector };
  const mayDouble = !skip && !repeatsAreHarmless(delivery);
  const isLost = mayDouble && (await isLostBeside(input, place, isAside ? undefined : id, unseen));
  const isLeaving = intersectRanges(unseen, state.deleting).length > 0;
  const seen = skip ? undefined : await lookAtUnseen(input, unseen, { seenBefore, keyed, isLost, isLeaving });
  if (seen && seen.different.length > 0) throw featureExists(input, seen.different, isAside ? id : undefined);
  const found = seen ? mergeRanges([...seen.same, ...seen.uncompared]) : [];
  const ids = Object.fromEntries(seen?.ids ?? []);
  const kept = earlier && keptAsSent(earlier, input.fields, found);
  if (kept !== undefined) {
    const takeBack = toDelete(input.server, `--job ${id} --include-found`);
    input.onEvent({
      type: 'warning',
      message: `${kept}; to send them again, delete them from the server first: ${takeBack}`,
    });
  }
  if (found.length > 0) await journal.append({ t: 'found', rows: found, ids });
  const isWhole = input.typed !== undefined && !input.typed.isPart;
  await journal.append({ t: 'plan', rows: planned, ...(isWhole && { whole: true }) });
}

/** Refuses a journal with confirmed rows if their place was created just now: the rows are gone. Error: difference. */
function refuseVanished({ planned, title }: JobInput, { stored }: JournalState): void {
  const gone = countRows(intersectRanges(planned, stored));
  if (gone === 0) return;
  throw new AppError(
    'difference',
    `${title}: ${gone} rows of this upload were on the server, but the place that held them was deleted, and they with it`,
    { hints: ['run again with --restart to send them again'], details: { gone, confirmed: gone } },
  );
}

/** Whether rows may be sent twice: a server with keys leaves an identical feature alone, whichever key it came under. */
function repeatsAreHarmless({ settle, serverNames }: Delivery): boolean {
  return settle === 'resend' && !serverNames;
}

/**
 * Returns rows of unanswered batches whose vectors another job may have made meanwhile, under other keys: a key only keeps its
 * own request from being stored twice. Empty if the server ignores features that it has, or without keys, when `sendRows`
 * looks for such batches.
 */
function keyedRows({ planned, delivery }: JobInput, state: JournalState): Ranges {
  if (delivery.settle !== 'resend' || !delivery.serverNames) return [];
  return mergeRanges(batchesAmong(state, planned).flatMap(({ rows }) => rows));
}

/** What is known of rows to look up, and what earlier requests may still do to them. */
interface UnderWay {
  /** The rows that this journal knows. */
  readonly seenBefore: Ranges;
  /** Those that the journal has keys for: whether they were stored, a request under the same key tells without waiting. */
  readonly keyed: Ranges;
  /** An earlier run has requests without an answer. */
  readonly isLost: boolean;
  /** Some of the rows to look up were being deleted, and the deletion was not seen to finish. */
  readonly isLeaving: boolean;
}

/**
 * Looks up rows, and again after `settleTimeoutMs` if requests still under way may change the answer. More rows may come:
 * those that this journal does not know are another run's, which may not be done. That matters only if sending its rows
 * again would duplicate them. And rows may still go if their deletion was cut off.
 */
async function lookAtUnseen(
  input: JobInput,
  unseen: Ranges,
  { seenBefore, keyed, isLost, isLeaving }: UnderWay,
): Promise<Comparison> {
  const { delivery, onEvent, settleTimeoutMs, stop } = input;
  const look = () => compareRows(input, unseen);
  const isKnown = subtractRanges(unseen, seenBefore).length === 0;
  const seen = await look().catch((cause) => goOnUnseen(input, isKnown, cause));
  const there = mergeRanges([...seen.same, ...seen.uncompared]);
  const others = countRows(subtractRanges(there, keyed));
  const mayGo = isLeaving && there.length > 0;
  const isComplete = countRows(there) === countRows(unseen);
  const mayCome = !repeatsAreHarmless(delivery) && !isComplete && (others > 0 || isLost);
  if (!mayGo && !mayCome) return seen;
  const seconds = settleTimeoutMs / 1000;
  const [why, purpose] = mayGo
    ? ['a deletion of these rows was interrupted and may still be under way', 'for it to finish']
    : isLost
      ? ['requests of an earlier run got no answer and may still be under way', 'in case their rows appear']
      : [`${others} rows are on the server already, perhaps from a run that has just ended`, 'in case more arrive'];
  onEvent({ type: 'warning', message: `${why}: waiting ${seconds} s ${purpose}` });
  // If a signal cut the wait short, nothing will be sent, so the first look will do.
  await waitFor(settleTimeoutMs, stop);
  return stop.aborted ? seen : look();
}

/** Reads back a sample of the rows that the journal has as stored: somebody may have deleted them. Error: difference. */
async function checkStored(input: JobInput, state: JournalState): Promise<void> {
  const known = intersectRanges(input.planned, state.stored);
  const picked = sampleRows(known, sampleSize);
  if (picked.length === 0) return;
  const sample = rangesOf(picked);
  const look = () => compareRows(input, sample).catch((cause) => void goOnUnseen(input, true, cause));
  const seen = (await readNamed(input, picked, state.ids)) ?? (await look());
  if (!seen) return;
  const there = countRows(seen.same) + countRows(seen.uncompared);
  const asked = countRows(sample);
  if (there === asked) return;
  const gone = subtractRanges(sample, mergeRanges([...seen.same, ...seen.uncompared, ...seen.different]));
  throw new AppError(
    'difference',
    `${input.title}: ${asked} of the ${countRows(known)} rows that this upload had stored were read back: ${countRows(gone)} are gone and ${countRows(seen.different)} differ`,
    {
      hints: ['run again with --restart to look up every row and send what is missing'],
      details: {
        gone: countRows(gone),
        different: countRows(seen.different),
        sampled: asked,
        confirmed: countRows(state.stored),
      },
    },
  );
}

/**
 * Reads rows back by the names that the server gave them: the list of everything that the account has may be too large for
 * an answer. Undefined if the server does not name rows, or a name is not known.
 */
async function readNamed(
  { server, delivery }: JobInput,
  rows: readonly number[],
  ids: ReadonlyMap<number, string>,
): Promise<Comparison | undefined> {
  const { serverNames, identify } = delivery;
  const names = rows.map((row) => ids.get(row)).filter((id) => id !== undefined);
  if (!serverNames || !identify || names.length < rows.length) return undefined;
  const there = await server.rows.read(names, 0);
  const found = rows.filter((row) => there.has(ids.get(row) as string));
  const isSame = (row: number) => {
    const { vector, vectorLabel } = there.get(ids.get(row) as string) as RowContent;
    const { label, hash } = identify(row);
    return vectorLabel === label && Array.isArray(vector) && looseHash(Float32Array.from(vector)) === hash;
  };
  const same = rangesOf(found.filter(isSame));
  return { ...nothingSeen, same, different: subtractRanges(rangesOf(found), same), ids };
}
