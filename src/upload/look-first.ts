import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import { countRows, mergeRanges, type Ranges, rangesOf, subtractRanges } from '../tensor/ranges.ts';
import type { Delivery } from './delivery.ts';
import type { Journal } from './journal.ts';
import { type JournalState, pendingRows } from './journal-state.ts';
import { type Comparison, compareRows, featureExists, sampleRows } from './look.ts';
import type { JobInput } from './run-job.ts';

/** Rows read back when a finished job is run again. */
const sampleSize = 64;

/**
 * What is known of a job before its first send. Rows that the journal does not know are looked up. Where sending a row
 * twice would double it, so are all that are still to be sent: a journal that was cut short or came back from a backup
 * looks like a whole one. Errors: feature_exists, difference (a finished job whose rows are gone).
 */
export async function lookFirst(input: JobInput, journal: Journal): Promise<JournalState> {
  const { planned, matrix, identity, delivery } = input;
  const state = journal.state;
  if (state.done && subtractRanges(planned, state.stored).length === 0) {
    await checkFinished(input, state);
    return state;
  }
  const pending = pendingRows(state, planned);
  const unseen = repeatsAreHarmless(delivery) ? subtractRanges(pending, state.planned) : pending;
  const skip = input.isNew || unseen.length === 0;
  const seen = skip ? undefined : await lookAtUnseen(input, unseen, state.planned);
  if (seen && seen.different.length > 0)
    throw featureExists(matrix, seen.different, `${identity.model}/${identity.source}`);
  const found = seen ? mergeRanges([...seen.same, ...seen.uncompared]) : [];
  const rows = (ranges: Ranges) => ranges.map(([start, end]): [number, number] => [start, end]);
  const ids = Object.fromEntries(seen?.ids ?? []);
  if (found.length > 0) await journal.append({ t: 'found', rows: rows(found), ids });
  await journal.append({ t: 'plan', rows: rows(planned) });
  return {
    ...state,
    stored: mergeRanges([...state.stored, ...found]),
    found: mergeRanges([...state.found, ...found]),
    ids: new Map([...state.ids, ...(seen?.ids ?? [])]),
  };
}

/** Features under keys: one that is there with the same content is left alone, whatever key it came under. */
function repeatsAreHarmless({ settle, serverNames }: Delivery): boolean {
  return settle === 'resend' && !serverNames;
}

/**
 * Rows that this journal does not know of are another run's, and may be followed by more: a request of it may still be
 * under way. Where sending its rows again would double them, that is waited for before the first send.
 */
async function lookAtUnseen(input: JobInput, unseen: Ranges, plannedBefore: Ranges): Promise<Comparison> {
  const { matrix, delivery, onEvent, settleTimeoutMs, stop } = input;
  const look = () => compareRows(matrix, unseen, delivery, onEvent);
  const isKnown = subtractRanges(unseen, plannedBefore).length === 0;
  const seen = await look().catch((cause) => believeJournal(input, isKnown, cause));
  const there = countRows(seen.same) + countRows(seen.uncompared);
  if (repeatsAreHarmless(delivery) || there === 0 || there === countRows(unseen)) return seen;
  const seconds = settleTimeoutMs / 1000;
  onEvent({
    type: 'warning',
    message: `${there} rows are on the server already, perhaps of a run that has just ended: waiting ${seconds} s for more`,
  });
  // Cut short by the user's signal: nothing will be sent, so what was seen will do.
  await sleep(settleTimeoutMs, undefined, { signal: stop }).catch(() => undefined);
  return stop.aborted ? seen : look();
}

const nothing: Comparison = { same: [], different: [], uncompared: [], ids: new Map() };

/** What the server says where it cannot list what an account has. */
const cannotList = ['server_failing', 'not_neuronpedia', 'refused'];

/** A server that cannot list an account's vectors is no reason to stop where the journal has known of these rows all along. */
function believeJournal({ delivery, onEvent }: JobInput, isKnown: boolean, cause: unknown): Comparison {
  const isList = cause instanceof AppError && cannotList.includes(cause.code);
  if (!isKnown || !delivery.serverNames || !isList) throw cause;
  onEvent({ type: 'warning', message: `going on by the checkpoint alone: ${cause.message}` });
  return nothing;
}

/** A finished job is not believed blindly: somebody may have deleted what it made. */
async function checkFinished(input: JobInput, state: JournalState): Promise<void> {
  const sample = rangesOf(sampleRows(input.planned, sampleSize));
  const seen = await compareRows(input.matrix, sample, input.delivery, input.onEvent);
  const there = countRows(seen.same) + countRows(seen.uncompared);
  const asked = countRows(sample);
  if (there === asked) return;
  const gone = subtractRanges(sample, mergeRanges([...seen.same, ...seen.uncompared, ...seen.different]));
  const { model, source } = input.identity;
  throw new AppError(
    'difference',
    `${model}/${source}: this upload was finished, but of ${asked} rows read back ${countRows(gone)} are gone and ${countRows(seen.different)} differ`,
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
