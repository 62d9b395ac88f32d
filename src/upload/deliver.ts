import { elapsedMs } from '../elapsed.ts';
import type { AppError } from '../errors.ts';
import { type Batch, drop, newBatch, type Run } from './batch.ts';
import { bodyHash, bodyOf, bodyRows } from './body.ts';
import type { Outcome } from './delivery.ts';
import { endLimited, endUnstored, sendHalves } from './end-unstored.ts';
import { neverSent } from './journal-records.ts';
import { longestWaitMs } from './patience.ts';
import { failAgain } from './poison.ts';
import { settleByLookUp } from './settle.ts';
import { takeTurn } from './take-turn.ts';

/** Brings one batch to an end: stored, split into others, or left for the next run. */
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
 * The same for a batch that waits for others to end first. Where a key settles what becomes of it, its intent is made
 * durable meanwhile. One whose turn comes when the run is over, or not at all, is not sent.
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
      // Before the next one has its turn, which is not sent then.
      run.fail(error as AppError);
      throw error;
    } finally {
      end();
    }
  } finally {
    batch.body.release();
  }
}

/** Its intent is durable before a byte of it is sent. */
async function announce({ journal, delivery }: Run, { id, key, body }: Batch): Promise<void> {
  const rows = bodyRows(body);
  const [first] = body.pieces;
  const identity = first && delivery.identify?.(first.row);
  await journal.append({ t: 'intent', batch: id, key, rows, hash: bodyHash(body), ...(identity && { identity }) });
  await journal.sync();
}

/** A server that fails a batch this often, and holds none of it, fails it for what is in it. */
const mostFailures = { lookup: 2, resend: 3 } as const;
/** A batch that gets no answer this often is too much for the server, or for what is in front of it. */
const mostUnanswered = 3;
/** A server that lets nothing in, window after window, is not waited for any longer. */
const mostWindows = 3;

/** What the tries of one batch have come to so far. */
interface Tries {
  windows: number;
  failures: number;
  unanswered: number;
  /** Sent without an answer, now or by an earlier run: only its own key tells what became of it. */
  isOpen: boolean;
  /** A request of it may still be under way. */
  isLost: boolean;
}

async function deliverAnnounced(run: Run, batch: Batch): Promise<void> {
  const { delivery, patience, abort, over } = run;
  // Without keys a batch that may have been sent is looked for before it is sent again.
  const isLookedFor = batch.stale || (batch.known && delivery.settle === 'lookup');
  if (isLookedFor && (await settleByLookUp(run, batch, false))) return;
  // As it is it would be refused for ever.
  if (batch.stale || batch.oversize) return sendAnew(run, batch);
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
        return endUnstored(run, batch, outcome, tries.isOpen);
    }
    // With keys an unknown batch is sent again as it is: had it been stored, the server gives its first answer.
    await patience.wait(outcome.why, outcome.waitMs, over);
    if (over.aborted) return outcome.type === 'busy' && !tries.isOpen ? drop(run, batch, 'busy') : undefined;
  }
}

async function send(run: Run, { body, key }: Batch): Promise<Outcome> {
  // An intent may have waited for its turn for an hour, and this machine may have slept.
  await run.journal.stillOurs();
  const sentAt = elapsedMs();
  const outcome = await run.delivery.send(body.bytes, key, run.abort, body.pieces.length);
  if (outcome.type === 'stored') run.appetite.took(body, elapsedMs() - sentAt);
  return outcome;
}

type Unknown = Extract<Outcome, { type: 'unknown' }>;

/** What follows on a failure that says nothing of the batch, or on no answer: whether that is the end of it. */
async function endUnknown(run: Run, batch: Batch, outcome: Unknown, tries: Tries): Promise<boolean> {
  const { delivery, patience, over } = run;
  const { answered, why, waitMs } = outcome;
  // Of the parts in which a bad row is looked for, failures say nothing of their size.
  const isSearch = Boolean(batch.search || batch.brief || batch.doubtful !== undefined);
  // Being out of reach says nothing of what is in it.
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
    // Each step of a search is waited for: a server that is away for a minute fails them all.
    if (isPoison && batch.search) await patience.wait(why, waitMs, over);
    if (isPoison && !over.aborted) await failAgain(run, batch, why);
    if (isPoison || over.aborted) return true;
  }
  if (tries.unanswered < mostUnanswered || batch.body.pieces.length === 1) return false;
  // Divided under other keys: a server with keys leaves a feature that it has alone, on others it was looked for.
  run.appetite.failed(batch.body);
  await drop(run, batch, 'made again');
  await sendHalves(run, batch, 'was not answered again and again');
  return true;
}

/** The server asks to be left alone for long: whether it has the batch is for the next run to find out. */
function pause(run: Run, { waitMs = 0, why }: Unknown): true {
  run.close({ resumeAt: new Date(Date.now() + waitMs), waitMs, why });
  return true;
}

async function confirm(run: Run, { id, body }: Batch, given: readonly string[] | undefined): Promise<void> {
  await run.journal.append({ t: 'stored', batch: id, ...(given && { ids: [...given] }) });
  run.confirm(bodyRows(body), new Map(given?.map((name, i) => [(body.pieces[i] as { row: number }).row, name])));
}

/** The same rows in other batches, as many of them as the server takes, each under a key of its own. */
async function sendAnew(run: Run, batch: Batch): Promise<void> {
  const { body } = batch;
  const { maxRows, maxBytes, format } = run.delivery;
  await drop(run, batch, 'made again');
  const share = Math.min(1, maxBytes / body.bytes.length);
  const most = Math.max(1, Math.min(maxRows, Math.floor(share * body.pieces.length)));
  for (let at = 0; at < body.pieces.length && !run.isOver(); at += most) {
    await deliver(run, newBatch(run, bodyOf(body, body.pieces.slice(at, at + most), format, run.pool)));
  }
}
