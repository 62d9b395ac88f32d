import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSandbox } from '../../src/sandbox/index.ts';
import { seededRandom } from '../seeded-random.ts';
import { type FileEvent, type FileFaults, readLog, recording } from './file-log.ts';
import { uploads } from './kill-proxy.ts';
import { makeMaterial } from './material.ts';
import { whatIsWrong } from './oracle.ts';
import { createDisk, readTree, type Tree, unannouncedSends, writeTree } from './power-cut.ts';
import { type Lane, rowsOf, startUpload, uploadArgs } from './upload-process.ts';

/** How a run whose file operations were recorded ended, and what it did. */
export interface Recorded {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderr: string;
  readonly events: readonly FileEvent[];
  /** What the folder held before the run. */
  readonly before: Tree;
}

/** A server, material, and a folder whose disk may fail, for tests of the journal's durability. */
export interface CutBench {
  /** Runs an upload to a source of this name, with its file operations recorded and perhaps made to fail. */
  record(saeId: string, faults?: FileFaults): Promise<Recorded>;
  /** Leaves in the run's folder only what a power cut after its last event would leave for certain. */
  cutPower(run: Recorded): void;
  wipe(): void;
  whatIsWrong(saeId: string): string[];
  close(): Promise<void>;
}

/** Opens a bench for one kind of upload. */
export async function openCutBench(lane: Pick<Lane, 'as' | 'isPublic'>): Promise<CutBench> {
  const folder = mkdtempSync(join(tmpdir(), 'np-cut-'));
  const material = makeMaterial(join(folder, 'material'), rowsOf.features);
  const data = join(folder, 'data');
  const sandbox = await startSandbox({ dataDir: data, public: lane.isPublic });
  const home = join(folder, 'home');
  let runs = 0;
  writeTree(home, new Map());
  return {
    async record(saeId, faults = {}) {
      const log = join(folder, `run-${runs++}.log`);
      const before = readTree(home);
      const args = [...uploadArgs(lane, saeId, material, 4), '--api-url', sandbox.url];
      const ended = await startUpload(args, home, recording(log, home, faults)).ended;
      return { ...ended, before, events: readLog(log) };
    },
    cutPower({ before, events }) {
      const disk = createDisk(before);
      for (const event of events) disk.apply(event);
      writeTree(home, disk.afterPowerCut());
    },
    wipe: () => writeTree(home, new Map()),
    whatIsWrong: (saeId) =>
      whatIsWrong(data, { as: lane.as, saeId, rows: rowsOf[lane.as], keepsVectors: !lane.isPublic, material }),
    async close() {
      await sandbox.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Returns the uploads that a run sent. */
export function sendsOf({ events }: Recorded, uploads: readonly string[]): FileEvent[] {
  return events.filter((event) => event.op === 'send' && uploads.includes(event.path));
}

/**
 * Ends uploads at seeded moments after their first request as a power cut would, then starts each again. Returns what
 * was wrong: requests sent before their intent was durable, runs that failed, rows not stored exactly once, fewer cuts
 * than asked for.
 */
export async function cutPowerOften(bench: CutBench, cuts: number, seed: number): Promise<string[]> {
  const random = seededRandom(seed);
  const whole = await bench.record('whole');
  const first = whole.events.findIndex((event) => event.op === 'send' && uploads.includes(event.path));
  const wrong = bench.whatIsWrong('whole');
  let killed = 0;
  // No two runs do exactly the same, so one may end before the moment that was chosen for it; another is cut instead.
  for (let cut = 0; killed < cuts && cut < 2 * cuts + 5; cut++) {
    bench.wipe();
    const killAt = first + Math.floor(random() * (whole.events.length - first));
    const name = `cut-${cut}`;
    const run = await bench.record(name, { killAt });
    if (run.signal !== 'SIGKILL') continue;
    killed++;
    const unannounced = unannouncedSends(run.before, run.events, uploads);
    bench.cutPower(run);
    const again = await bench.record(name);
    if (again.code !== 0) wrong.push(`cut at ${killAt}: exit ${again.code}: ${again.stderr}`);
    for (const { n } of unannounced) wrong.push(`cut at ${killAt}: event ${n} was sent before its intent was durable`);
    for (const row of bench.whatIsWrong(name)) wrong.push(`cut at ${killAt}: ${row}`);
  }
  if (killed < cuts) wrong.push(`only ${killed} of ${cuts} cuts ended a run`);
  return wrong;
}
