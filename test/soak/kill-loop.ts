import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningSandbox, startSandboxProcess } from '../cli/sandbox-process.ts';
import { seededRandom } from '../seeded-random.ts';
import { addCounts, type Counting, type KillCounts, noCounts } from './kill-counts.ts';
import { type Aim, beginJob, type KillJob, type Target } from './kill-job.ts';
import { startKillProxy } from './kill-proxy.ts';
import { type Material, makeMaterial } from './material.ts';
import { type Lane, rowsOf } from './upload-process.ts';
import type { Window } from './windows.ts';

const features = { as: 'features', embedded: false } as const;
const vectors = { as: 'vectors', embedded: false } as const;

/** Both kinds of server with features and vectors, in a separate process and in the killed one. */
export const lanes: readonly Lane[] = [
  { name: 'upload protocol, features', ...features, isPublic: false },
  { name: 'upload protocol, vectors', ...vectors, isPublic: false },
  { name: 'public server, features', ...features, isPublic: true },
  { name: 'public server, vectors', ...vectors, isPublic: true },
  { name: '--sandbox, features', as: 'features', embedded: true, isPublic: false },
  { name: '--sandbox-public, vectors', as: 'vectors', embedded: true, isPublic: true },
];

/** How many kills, from which seed, in how many loops side by side. */
export interface KillPlan {
  readonly kills: number;
  readonly seed: number;
  readonly sides: number;
  readonly onProgress?: (kills: number, jobs: number) => void;
}

/**
 * Kills uploads with SIGKILL until there were enough kills. Restarts each upload until it completes, then checks what
 * the store holds. Throws at the first upload that is not exact, naming its seed.
 */
export async function killLoop({ kills, seed, sides, onProgress = () => undefined }: KillPlan): Promise<KillCounts> {
  const folder = mkdtempSync(join(tmpdir(), 'np-kills-'));
  const closers: (() => Promise<unknown>)[] = [];
  try {
    const material = makeMaterial(join(folder, 'material'), rowsOf.features);
    const servers = new Map<boolean, RunningSandbox>();
    for (const isPublic of [false, true]) {
      const data = join(folder, isPublic ? 'public' : 'protocol');
      const server = await startSandboxProcess({ data, args: isPublic ? ['--public'] : [] });
      closers.push(server.close);
      servers.set(isPublic, server);
    }
    const startSide = async (side: number) => {
      const targets = new Map<boolean, Target>();
      for (const [isPublic, { url, data }] of servers) {
        const proxy = await startKillProxy(url);
        closers.push(proxy.close);
        targets.set(isPublic, { data, proxy });
      }
      return killUntil(Math.ceil(kills / sides), { folder, seed, side, material, targets, onProgress });
    };
    return addCounts(await Promise.all(Array.from({ length: sides }, (_, side) => startSide(side))));
  } finally {
    for (const close of closers.reverse()) await close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Setting {
  readonly folder: string;
  readonly seed: number;
  /** Tells apart loops that run side by side. */
  readonly side: number;
  readonly material: Material;
  readonly targets: ReadonlyMap<boolean, Target>;
  readonly onProgress: (kills: number, jobs: number) => void;
}

async function killUntil(kills: number, setting: Setting): Promise<KillCounts> {
  const random = seededRandom(setting.seed + setting.side);
  const counts = noCounts(lanes.map(({ name }) => name));
  for (let number = setting.side; counts.kills < kills; number++) {
    const lane = lanes[number % lanes.length] as Lane;
    const name = `s${setting.side}n${counts.jobs}`;
    const target = lane.embedded ? undefined : setting.targets.get(lane.isPublic);
    const job = beginJob(lane, join(setting.folder, name), name, setting.material, target);
    const most = Math.min(kills - counts.kills, longestChain(kills));
    await killAndFinish(job, most, random, counts, `${lane.name}, seed ${setting.seed}, side ${setting.side}, ${name}`);
    counts.jobs++;
    setting.onProgress(counts.kills, counts.jobs);
    rmSync(join(setting.folder, name), { recursive: true, force: true });
  }
  return counts;
}

/** Returns how often one upload is killed before it may complete: seldom enough for a loop to reach most lanes. */
const longestChain = (kills: number) => Math.max(4, Math.min(20, Math.ceil(kills / 5)));
/** What kills aim at; the windows that are hardest to hit are listed twice. */
const aims = ['startup', 'intent', 'intent', 'arrival', 'commit', 'answer', 'answer', 'any moment'] as const;

async function killAndFinish(
  job: KillJob,
  most: number,
  random: () => number,
  counts: Counting,
  what: string,
): Promise<void> {
  const byWindow = counts.byLane.get(job.lane.name) as Record<Window, number>;
  let isLate = false;
  for (let kills = 0; ; kills++) {
    const aim = kills < most ? pickAim(random, job.lane) : undefined;
    const concurrency = random() < 0.6 ? 1 : 4;
    const { window, code, stderr } = await job.run(aim, concurrency);
    if (isLate) counts.late++;
    if (window === undefined) {
      if (code !== 0) throw new Error(`${what}: exit ${code} after ${kills} kills:\n${stderr}`);
      break;
    }
    byWindow[window]++;
    counts.kills++;
    isLate = aim?.late === true && window === 'send to answer';
    // A new journal could not know the key of the request in flight, and without it only finished requests are safe.
    if (isLate) continue;
    const fate = random();
    if (fate < 0.1) {
      job.wipeState();
      counts.wiped++;
    } else if (fate < 0.25) {
      job.damageJournal(random(), random());
      counts.damaged++;
    }
  }
  const wrong = job.check();
  if (wrong.length > 0) throw new Error(`${what}: ${wrong.length} wrong: ${wrong.slice(0, 10).join('; ')}`);
}

function pickAim(random: () => number, { isPublic, embedded }: Lane): Aim {
  const choice = embedded ? (['intent', 'arrival', 'answer', 'any moment'] as const) : aims;
  const at = choice[Math.floor(random() * choice.length)] as Aim['at'];
  // Only an idempotency key makes it harmless for a request to arrive after it has been sent again.
  const late = at === 'arrival' && !isPublic && !embedded && random() < 0.3;
  return { at, nth: Math.floor(random() * 3), afterMs: 300 + random() * 1500, late };
}
