import { higherLimits } from '../api/answer-errors.ts';
import { foldersOf } from '../config/folders.ts';
import { count } from '../count.ts';
import { type RunOptions, throwIfStopped } from '../library/run-options.ts';
import { present } from '../present.ts';
import { nameRow } from '../upload/delivery.ts';
import type { QuotaAhead, UploadEvent } from '../upload/events.ts';
import type { JobReport } from '../upload/run.ts';
import type { Server } from '../upload/server.ts';
import { timeIsUpText } from '../upload/time-limit.ts';
import type { CommandContext } from './context.ts';
import { formatMoment } from './moment.ts';
import { type OutageTeller, outageTeller } from './outage.ts';
import { loadProgress, type Progress } from './progress.ts';
import type { QuotaReach } from './progress-state.ts';
import { describeQuarantine, type RowNaming } from './quarantine.ts';

/** Turns options and signals into the library's run options, as every upload command needs them. */
export function runOptions({ options, env, stop, abort, goOn, typed }: CommandContext): Omit<RunOptions, 'server'> {
  const { restart = false, forceUnlock = false, settleTimeout, wait = false, assumeNew = false } = options;
  return {
    stateDir: foldersOf(env).state,
    ...present({ settleTimeoutMs: settleTimeout }),
    ...{ restart, forceUnlock, wait, assumeNew, command: goOn, typed, abort },
    signal: stop,
  };
}

/** Returns the options for a look-ahead, which writes nothing. `onEvent` shows warnings and throws once a signal came. */
export function lookOptions({ options, env, stop, out }: CommandContext, server: Server) {
  const onEvent = (event: UploadEvent) => {
    throwIfStopped({ signal: stop });
    if (event.type !== 'warning') return;
    out.warn(event.message);
    out.document(event);
  };
  return { server, stateDir: foldersOf(env).state, restart: options.restart ?? false, onEvent };
}

/** Turns the events of one upload into a bar or lines on stderr and NDJSON on stdout. */
export async function eventReporter(
  context: CommandContext,
  source: string,
): Promise<{ onEvent: (event: UploadEvent) => void; stop(): void }> {
  const { out } = context;
  const startProgress = await loadProgress(out);
  let progress: Progress | undefined;
  const outages = outageTeller();
  return {
    onEvent: (event) => {
      if (event.type === 'progress') {
        progress ??= startProgress(event.total, event.confirmed);
        progress.update(event.confirmed, quotaReach(context, event.quota));
      }
      if (event.type === 'retry') progress?.trying(event.wait_s * 1000);
      if (event.type === 'waiting') progress?.waiting(new Date(event.until));
      if (event.type === 'pacing') progress?.spread(event.need * event.interval_s * 1000);
      tellEvent(context, event, outages);
      if (event.type !== 'checking' && event.type !== 'looking') out.document({ ...event, source });
    },
    stop: () => progress?.stop(),
  };
}

const dayMs = 86_400_000;

/** Returns how far a quota lets the upload get; with `--wait` also when its last rows will be sent. */
function quotaReach({ options }: CommandContext, quota: QuotaAhead | undefined): QuotaReach | undefined {
  if (!quota) return undefined;
  const { reach, resumeAt, days } = quota;
  const lastDay = options.wait && resumeAt ? new Date(Date.parse(resumeAt) + (days - 1) * dayMs) : undefined;
  return { reach, lastDay };
}

/** Shows what a person should know about an event. `outages` is one teller for the whole upload. */
export function tellEvent({ out }: CommandContext, event: UploadEvent, outages: OutageTeller): void {
  if (event.type === 'progress') outages.progress();
  const retry = event.type === 'retry' ? outages.retry(event) : undefined;
  if (retry !== undefined) out.note(retry);
  if (event.type === 'warning') out.warn(event.message);
  if (event.type === 'quarantined') {
    const { row, index, why } = event;
    out.warn(
      `${nameRow({ indexOf: () => index ?? row }, row)} is left out because the server keeps failing on it: ${why}`,
    );
  }
  if (event.type === 'waiting') {
    out.note(
      `waiting until ${formatMoment(new Date(event.until))}: ${event.why}; Ctrl-C stops, and the same command continues later`,
    );
  }
  if (event.type === 'pacing') {
    const { left, need, interval_s } = event;
    out.note(
      `pacing: the server accepts ${count(left)} more requests for now and ${count(need)} are still to be sent, so one is sent every ${interval_s} s`,
    );
  }
}

/** Lists the rows that were left out and, if the run did not finish, says why and how to go on. */
export function tellEnd(context: CommandContext, { end, quarantined }: JobReport, naming: RowNaming = {}): void {
  const { out, goOn, options } = context;
  for (const line of describeQuarantine(quarantined, naming)) out.note(line);
  if (end.type === 'finished') return;
  if (end.type === 'quota') {
    out.note(`paused: ${end.why}${end.resumeAt ? `; more may be sent from ${formatMoment(end.resumeAt)}` : ''}`);
    const ways = [end.ofTier && higherLimits, !options.wait && '--wait sleeps until then'].filter(Boolean);
    if (ways.length > 0) out.note(ways.join('; '));
  }
  if (end.type === 'time_up') out.note(`paused: ${timeIsUpText}`);
  out.note(`progress is saved; go on with: ${goOn}`);
}

/** How a job ended, or why it was not begun. */
type Ended = Pick<JobReport, 'end'> & Partial<Pick<JobReport, 'quarantined'>>;

/** Returns the exit code for how a run ended; signals set their own. */
export function exitCodeOf({ end, quarantined }: Ended): number {
  if (end.type === 'quota' || end.type === 'time_up') return 8;
  return quarantined?.size ? 3 : 0;
}

/** Returns the status of a run, as the summary calls it. */
export function statusOf({ end, quarantined }: Ended): 'done' | 'quarantined' | 'paused' | 'interrupted' {
  if (end.type === 'finished') return quarantined?.size ? 'quarantined' : 'done';
  return end.type === 'stopped' ? 'interrupted' : 'paused';
}

/** Returns the fields of a summary that say when a paused job can go on. */
export function resumeFields({ end }: Pick<JobReport, 'end'>): { resume_at?: string } {
  if (end.type === 'time_up') return { resume_at: new Date().toISOString() };
  return end.type === 'quota' && end.resumeAt ? { resume_at: end.resumeAt.toISOString() } : {};
}
