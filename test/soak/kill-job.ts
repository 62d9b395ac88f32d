import type { ChildProcess } from 'node:child_process';
import {
  existsSync,
  type FSWatcher,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { readLog, recording } from './file-log.ts';
import { type KillProxy, type Passing, uploads, type Watch } from './kill-proxy.ts';
import type { Material } from './material.ts';
import { type Expected, whatIsWrong, wrongInReceipt } from './oracle.ts';
import { type Lane, rowsOf, startUpload, uploadArgs } from './upload-process.ts';
import { openIntents, type SeenSend, tellWindow, type Window } from './windows.ts';

/** A server in a separate process, and the proxy in front of it. */
export interface Target {
  readonly data: string;
  readonly proxy: KillProxy;
}

/** Where a kill is aimed, and how far into the run. */
export interface Aim {
  readonly at: 'startup' | 'intent' | 'arrival' | 'commit' | 'answer' | 'any moment';
  readonly nth: number;
  /** For `any moment`: milliseconds after the start. */
  readonly afterMs: number;
  /** Whether the request in flight reaches the server only after the next run has begun to send. */
  readonly late: boolean;
}

/** How one run ended. */
export interface KilledRun {
  /** The window that the kill hit; undefined if the run was not killed. */
  readonly window: Window | undefined;
  readonly code: number | null;
  readonly stderr: string;
}

/** One upload that is killed and restarted until it is done. */
export interface KillJob {
  readonly lane: Lane;
  run(aim: Aim | undefined, concurrency: number): Promise<KilledRun>;
  wipeState(): void;
  /** Truncates its journal at some byte or flips a bit of it, as chosen by two numbers from 0 to 1. */
  damageJournal(where: number, how: number): void;
  /** Returns what is wrong in the store and the receipt once it is done. */
  check(): string[];
}

const aimedAt: Partial<Record<Aim['at'], Window>> = {
  startup: 'before intent',
  intent: 'intent to send',
  arrival: 'send to answer',
  commit: 'send to answer',
  answer: 'answer to journal',
};

/** Makes a folder for an upload and returns the job that runs it there. */
export function beginJob(
  lane: Lane,
  folder: string,
  saeId: string,
  material: Material,
  target: Target | undefined,
): KillJob {
  const [state, receipt] = [join(folder, 'state'), join(folder, 'receipt.jsonl')];
  mkdirSync(folder, { recursive: true });
  const embeddedData = join(folder, 'config', lane.isPublic ? 'sandbox-public' : 'sandbox');
  const data = target?.data ?? embeddedData;
  const keepsVectors = !lane.isPublic;
  const expected: Expected = { as: lane.as, saeId, rows: rowsOf[lane.as], keepsVectors, material };
  let late: (() => Promise<void>) | undefined;
  let runs = 0;
  return {
    lane,
    wipeState: () => rmSync(state, { recursive: true, force: true }),
    damageJournal: (where, how) => damageJournals(join(state, 'jobs'), where, how),
    check: () => [...whatIsWrong(data, expected), ...wrongInReceipt(receipt, data, expected)],
    async run(aim, concurrency) {
      const before = openIntents(state);
      const log = join(folder, `run-${runs++}.log`);
      const args = [...uploadArgs(lane, saeId, material, concurrency), '--receipt', receipt];
      const where = target ? ['--api-url', target.proxy.url] : [lane.isPublic ? '--sandbox-public' : '--sandbox'];
      const child = startUpload([...args, ...where], folder, target ? {} : recording(log, state));
      const plan = watchFor(child.process, aim, late);
      const seen = target?.proxy.begin(plan.watch);
      const journal = aim?.at === 'intent' ? killAtIntent(child.process, state, aim) : undefined;
      const ownLog = !target && aim ? killAtLog(child.process, log, aim) : undefined;
      const timer = aim?.at === 'any moment' ? setTimeout(() => child.process.kill('SIGKILL'), aim.afterMs) : undefined;
      const { code, signal, stderr } = await child.ended;
      clearTimeout(timer);
      journal?.close();
      ownLog?.close();
      await target?.proxy.quiet();
      late = plan.held();
      if (signal !== 'SIGKILL') return { window: undefined, code, stderr };
      const sent = seen ? seen.filter(({ path }) => uploads.includes(path)) : sendsIn(log);
      rmSync(log, { force: true });
      return { window: tellWindow(before, openIntents(state), sent, aim && aimedAt[aim.at]), code, stderr };
    },
  };
}

/** After more upload requests than this in a run, its target was missed, and the run is killed all the same. */
const missedAfter = 4;

/** Returns what the proxy does so that the kill comes where it is aimed. */
function watchFor(child: ChildProcess, aim: Aim | undefined, fromBefore: (() => Promise<void>) | undefined) {
  let [requests, rows, held, zombie] = [0, 0, undefined as (() => Promise<void>) | undefined, fromBefore];
  const kill = () => void child.kill('SIGKILL');
  const isRow = ({ path }: Passing) => uploads.includes(path);
  const isNth = (passing: Passing) => isRow(passing) && rows === (aim?.nth ?? 0) + 1;
  const watch: Watch = {
    onArrival(passing, forward) {
      if (isRow(passing)) rows++;
      const atStart = aim?.at === 'startup' && requests++ === aim.nth;
      const isMissed = aim !== undefined && aim.at !== 'any moment' && rows > missedAfter;
      if (!atStart && !isMissed && !(aim?.at === 'arrival' && isNth(passing))) return;
      kill();
      if (aim.late && isRow(passing)) held = forward;
      throw new Error('the connection breaks');
    },
    async onCommitted(passing) {
      if (isRow(passing) && zombie) {
        const forward = zombie;
        zombie = undefined;
        await forward();
      }
      if (aim?.at !== 'commit' || !isNth(passing)) return;
      kill();
      throw new Error('the connection breaks');
    },
    onAnswered(passing) {
      if (aim?.at === 'answer' && isNth(passing)) kill();
    },
  };
  return { watch, held: () => held };
}

/** Kills as soon as the journal announces the batch aimed at. */
function killAtIntent(child: ChildProcess, state: string, aim: Aim): FSWatcher {
  const folder = join(state, 'jobs');
  mkdirSync(folder, { recursive: true });
  let seen = 0;
  let size = 0;
  return watch(folder, (_event, name) => {
    if (!name?.endsWith('.journal') || !existsSync(join(folder, name))) return;
    const bytes = readFileSync(join(folder, name));
    const added = bytes.subarray(size).toString('utf8');
    size = bytes.length;
    if (!added.includes('"t":"intent"') || seen++ < aim.nth) return;
    child.kill('SIGKILL');
  });
}

const logged: Partial<Record<Aim['at'], string>> = { arrival: '"op":"send"', answer: '"op":"answer"' };

/** Kills, where no proxy sees the requests, as soon as the process has logged the send or answer aimed at. */
function killAtLog(child: ChildProcess, log: string, aim: Aim): FSWatcher | undefined {
  const wanted = logged[aim.at];
  if (wanted === undefined) return undefined;
  writeFileSync(log, '');
  let size = 0;
  let seen = 0;
  return watch(log, () => {
    const bytes = existsSync(log) ? readFileSync(log) : Buffer.alloc(0);
    const added = bytes.subarray(size).toString('utf8').split('\n');
    size = bytes.length;
    const hits = added.filter((line) => line.includes(wanted) && uploads.some((path) => line.includes(`"${path}"`)));
    seen += hits.length;
    if (seen > aim.nth) child.kill('SIGKILL');
  });
}

/** Returns what was sent and answered according to the log of a process that contains the server. */
function sendsIn(log: string): SeenSend[] {
  const events = readLog(log).flatMap((event) => (event.op === 'send' || event.op === 'answer' ? [event] : []));
  const isAnswered = (hash: string) => events.some((each) => each.op === 'answer' && each.hash === hash);
  const sends = events.filter(({ op, path }) => op === 'send' && uploads.includes(path));
  return sends.map(({ hash }) => ({ hash, answered: isAnswered(hash) }));
}

function damageJournals(folder: string, where: number, how: number): void {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.journal')) : [];
  for (const name of names) {
    const bytes = readFileSync(join(folder, name));
    const at = Math.floor(where * bytes.length);
    if (bytes.length > 0) bytes[at] = (bytes[at] as number) ^ (1 << Math.floor(how * 8));
    writeFileSync(join(folder, name), how < 0.5 ? bytes.subarray(0, at) : bytes);
  }
}
