import { elapsedMs } from '../elapsed.ts';
import type { AppError } from '../errors.ts';
import { type Batch, drop, newBatch, type Run } from './batch.ts';
import { bodyHash, bodyOf, bodyRows } from './body.ts';
import type { Outcome } from './delivery.ts';
import { endLimited, endUnstored, sendHalves } from './end-unstored.ts';
import { lookedUp, madeAgain, neverSent } from './journal-records.ts';
import { longestWaitMs } from './patience.ts';
import { failAgain } from './poison.ts';
import { settleByLookUp } from './settle.ts';
import { takeTurn } from './take-turn.ts';

/** Brings one batch to an end: it is stored, split into others, or left for the next run. */
export async function deliver(run: Run, batch: Batch): Promise<void> {
  try {
    if (!(await takeTurn(run, batch))) return;
    if (!batch.known) await announce(run, batch);
    await deliverAnnounced(run, batch);
  } finally {
    batch.body.release();
  }
}

/**
 * Does the same for a batch that must wait for others to end first. If keys settle unknown outcomes, its intent is made
 * durable while it waits. A batch whose turn does not come before the run is over is not sent.
 */
export async function deliverInTurn(run: Run, batch: Batch): Promise<void> {
  const isAhead = !batch.known && run.delivery.settle === 'resend';
  try {
    if (isAhead) await announce(run, batch);
    const end = await run.appetite.begin();
    try {
      if (run.isOver() || !(await takeTurn(run, batch))) {
        if (isAhead) await drop(run, batch, neverSent);
        return;
      }
      if (!isAhead && !batch.known) await announce(run, batch);
      await deliverAnnounced(run, batch);
    } catch (error) {
      // Fails the run before `end` gives the next batch its turn, so that it is not sent.
      run.fail(error as AppError);
      throw error;
    } finally {
      end();
    }
  } finally {
    batch.body.release();
  }
}

/** Makes the intent durable before any byte of the batch is sent. */
async function announce({ journal, delivery }: Run, { id, key, body }: Batch): Promise<void> {
  const rows = bodyRows(body);
  const [first] = body.pieces;
  const identity = first && delivery.identify?.(first.row);
  await journal.append({ t: 'intent', batch: id, key, rows, hash: bodyHash(body), ...(identity && { identity }) });
  await journal.sync();
}

/** If the server fails on a batch this often and holds none of it, the fault is taken to be in its content. */
const mostFailures = { lookup: 2, resend: 3 } as const;
/** A batch that gets no answer this often is too large for the server, or for a proxy in front of it. */
const mostUnanswered = 3;
/** A batch that is turned away in this many request windows ends the run. */
const mostWindows = 3;

/** How the tries to send one batch have gone so far. */
interface Tries {
  windows: number;
  failures: number;
  unanswered: number;
  /** This run or an earlier one may have stored it: only a repeat under its own key tells. */
  isOpen: boolean;
  /** One of its requests may still be under way. */
  isLost: boolean;
}

async function deliverAnnounced(run: Run, batch: Batch): Promise<void> {
  const { delivery, patience, abort, over } = run;
  // Its key cannot settle it (there is none, or the bytes have changed), so it is looked up before it is sent again.
  const isLookedFor = batch.stale || (batch.known && delivery.settle === 'lookup');
  if (isLookedFor && (await settleByLookUp(run, batch, false))) return;
  // Sent unchanged it would be refused every time.
  if (batch.stale || batch.oversize) return sendAnew(run, batch, isLookedFor ? lookedUp : madeAgain);
  const isOpen = batch.known && delivery.settle === 'resend';
  const tries: Tries = { windows: 0, failures: 0, unanswered: 0, isOpen, isLost: isOpen };
  while (!abort.aborted) {
    const outcome = await send(run, batch);
    switch (outcome.type) {
      case 'stored':
        return confirm(run, batch, outcome.ids);
      case 'limited':
        if (++tries.windows < mostWindows && (await takeTurn(run, batch))) continue;
        return endLimited(run, batch, outcome.why, tries.isOpen);
      case 'busy':
        break;
      case 'unknown':
        if (await endUnknown(run, batch, outcome, tries)) return;
        break;
      default:
        // Refused for what another run has put there since: that may be the same values beside other fields.
        if (tries.isOpen && isTaken(outcome) && (await settleByLookUp(run, batch, true))) return;
        return endUnstored(run, batch, outcome, tries.isOpen);
    }
    // With keys an unknown batch is sent again unchanged: if it was stored, the server repeats its first answer.
    await patience.wait(outcome.why, outcome.waitMs, over);
    if (over.aborted) return outcome.type === 'busy' && !tries.isOpen ? drop(run, batch, 'busy') : undefined;
  }
}

const isTaken = (outcome: Outcome) => outcome.type === 'refused' && outcome.error.code === 'feature_exists';

async function send(run: Run, { body, key }: Batch): Promise<Outcome> {
  // The batch may have waited an hour for its turn, or this machine may have slept: another run may have the job.
  await run.journal.stillOurs();
  const sentAt = elapsedMs();
  const outcome = await run.delivery.send(body.bytes, key, run.abort, body.pieces.length);
  if (outcome.type === 'stored') run.appetite.took(body, elapsedMs() - sentAt);
  return outcome;
}

type Unknown = Extract<Outcome, { type: 'unknown' }>;

/** Handles a missing answer, or a failure that does not tell whether the batch is stored. True if the batch is done with. */
async function endUnknown(run: Run, batch: Batch, outcome: Unknown, tries: Tries): Promise<boolean> {
  const { delivery, patience, over } = run;
  const { answered, why, waitMs } = outcome;
  // While a bad row is searched for, failures say nothing about the size of a batch.
  const isSearch = Boolean(batch.search || batch.brief || batch.doubtful !== undefined);
  // Nor does a failure to reach the server.
  if (answered && !isSearch) run.appetite.failed(batch.body);
  if (delivery.settle === 'resend') {
    tries.isOpen = true;
    tries.isLost ||= !answered;
  }
  if ((waitMs ?? 0) > longestWaitMs) return pause(run, outcome);
  if (answered) tries.failures++;
  else tries.unanswered++;
  const isPoison = answered && (isSearch || tries.failures >= mostFailures[delivery.settle]);
  if (isPoison || delivery.settle === 'lookup') {
    if (await settleByLookUp(run, batch, answered && !tries.isLost)) return true;
    // Wait between the steps of a search: a server that is away for a minute would fail them all.
    if (isPoison && batch.search) await patience.wait(why, waitMs, over);
    if (isPoison && !over.aborted) await failAgain(run, batch, why);
    if (isPoison || over.aborted) return true;
  }
  if (tries.unanswered < mostUnanswered || batch.body.pieces.length === 1) return false;
  // Halves get new keys. No row is doubled: servers with keys skip features they have, on others it was just looked up.
  run.appetite.failed(batch.body);
  await drop(run, batch, delivery.settle === 'lookup' ? lookedUp : madeAgain);
  await sendHalves(run, batch, 'got no answer, several times');
  return true;
}

/** Ends the run when the server asks for a long wait; the next run finds out whether it has the batch. */
function pause(run: Run, { waitMs = 0, why }: Unknown): true {
  run.close({ resumeAt: new Date(Date.now() + waitMs), waitMs, why });
  return true;
}

async function confirm(run: Run, { id, body }: Batch, given: readonly string[] | undefined): Promise<void> {
  await run.journal.append({ t: 'stored', batch: id, ...(given && { ids: [...given] }) });
  run.confirm(bodyRows(body));
}

/** Sends the same rows in new batches of the size that is allowed now, each under a key of its own. */
async function sendAnew(run: Run, batch: Batch, why: string): Promise<void> {
  const { body } = batch;
  const { maxRows, maxBytes, format } = run.delivery;
  await drop(run, batch, why);
  const share = Math.min(1, maxBytes / body.bytes.length);
  const most = Math.max(1, Math.min(maxRows, Math.floor(share * body.pieces.length)));
  for (let at = 0; at < body.pieces.length && !run.isOver(); at += most) {
    await deliver(run, newBatch(run, bodyOf(body, body.pieces.slice(at, at + most), format, run.pool)));
  }
}
