import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import { countRows, mergeRanges, type Ranges, rangesOf, subtractRanges } from '../tensor/ranges.ts';
import type { Journal } from './journal.ts';
import { type JournalState, pendingRows } from './journal-state.ts';
import { type Comparison, compareRows, featureExists, sampleRows } from './look.ts';
import type { JobInput } from './run-job.ts';

/** Rows read back when a finished job is run again. */
const sampleSize = 64;

/**
 * What is known of a job before its first send: rows that an earlier run planned were looked up then, and the journal
 * knows them; new ones are looked up now. Errors: feature_exists, difference (a finished job whose rows are gone).
 */
export async function lookFirst(input: JobInput, journal: Journal): Promise<JournalState> {
  const { planned, matrix, identity } = input;
  const state = journal.state;
  if (state.done && subtractRanges(planned, state.stored).length === 0) {
    await checkFinished(input, state);
    return state;
  }
  const unseen = subtractRanges(pendingRows(state, planned), state.planned);
  const skip = input.isNew || unseen.length === 0;
  const seen = skip ? undefined : await lookAtUnseen(input, unseen, state.planned.length === 0);
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

/**
 * Rows that another run of this job left there may be followed by more: a request of it may still be under way. Where
 * sending its rows again would double them, that is waited for before the first send: on a server without keys, and for
 * vectors, which the server names itself, under whatever keys the other run had.
 */
async function lookAtUnseen(input: JobInput, unseen: Ranges, isFirstRun: boolean): Promise<Comparison> {
  const { matrix, delivery, onEvent, settleTimeoutMs, stop } = input;
  const seen = await compareRows(matrix, unseen, delivery, onEvent);
  const there = countRows(seen.same) + countRows(seen.uncompared);
  const harmless = delivery.settle === 'resend' && !delivery.serverNames;
  if (harmless || !isFirstRun || there === 0 || there === countRows(unseen)) return seen;
  const seconds = settleTimeoutMs / 1000;
  onEvent({
    type: 'warning',
    message: `${there} rows are on the server already, perhaps of a run that has just ended: waiting ${seconds} s for more`,
  });
  // Cut short by the user's signal: nothing will be sent, so what was seen will do.
  await sleep(settleTimeoutMs, undefined, { signal: stop }).catch(() => undefined);
  if (stop.aborted) return seen;
  return compareRows(matrix, unseen, delivery, onEvent);
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
