import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startSandbox } from '../../src/sandbox/index.ts';
import { type RanHere, runHere } from '../cli/in-process.ts';
import { queryStore } from '../sandbox/query-store.ts';
import type { Material } from '../soak/material.ts';
import { whatIsWrong, wrongInReceipt } from '../soak/oracle.ts';
import { type Seen, startFaultProxy } from '../upload/fault-proxy.ts';
import type { ClockHere } from './clock-here.ts';
import { type FaultName, type FaultWorld, faults } from './faults.ts';
import { differences, holdings } from './holdings.ts';
import { kindOf, type RequestKind } from './request-kinds.ts';
import type { Place, Scenario } from './scenarios.ts';

/** What is done to the requests of a scenario's first run. */
export interface Disturbance {
  /** The kind of request that is hit. */
  readonly kind: RequestKind;
  /** Which request of that kind, counted from 0; undefined for every one. */
  readonly nth: number | undefined;
  readonly fault: FaultName;
  /** What hits the very next request, whatever it is. */
  readonly then?: FaultName;
}

/** What all cases share. */
export interface Surroundings {
  readonly folder: string;
  readonly clock: ClockHere;
  readonly material: Material;
  readonly elsewhere: string;
  /** How many requests reached the other host. */
  readonly strayed: () => number;
}

/** How a case went. */
export interface Outcome {
  /** The disturbed run. */
  readonly first: RanHere;
  /** The requests of the disturbed run. */
  readonly kinds: readonly RequestKind[];
  /** How many faults hit it. */
  readonly hits: number;
  /** How many runs it took to end as it should, including the first. */
  readonly runs: number;
  readonly held: readonly string[];
  /** What is wrong, in words. */
  readonly wrong: readonly string[];
}

const mostRuns = 4;
let cases = 0;

/**
 * Runs a scenario on a server of its own, first disturbed, then undisturbed until it ends as it should, and checks the
 * store. `expected` is what the store holds after a run that nothing disturbed.
 */
export async function runCase(
  scenario: Scenario,
  disturbance: Disturbance | undefined,
  around: Surroundings,
  expected?: readonly string[],
): Promise<Outcome> {
  const folder = join(around.folder, `case-${cases++}`);
  mkdirSync(folder);
  const [data, state] = [join(folder, 'data'), join(folder, 'state')];
  const sandbox = await startSandbox({ dataDir: data, public: scenario.isPublic });
  const here = () => proxy.url;
  const plan = planOf(disturbance, { ...around, here });
  const proxy = await startFaultProxy(sandbox.url, plan.pick);
  const env = {
    ...{ HOME: folder, NEURONPEDIA_CONFIG_DIR: join(folder, 'config'), NEURONPEDIA_STATE_DIR: state },
    ...{ NEURONPEDIA_API_KEY: scenario.key },
  };
  const place = placeIn(folder, data, state, around.material);
  const run = (command: Scenario['command']) =>
    runHere([...command(place), '--api-url', proxy.url, '--json'], { env, stdin: scenario.stdin ?? '' });
  try {
    for (const command of scenario.before) {
      const { code, stderr } = await run(command);
      if (code !== 0) throw new Error(`before ${scenario.name}: exit ${code}: ${stderr}`);
    }
    if (scenario.wiped) rmSync(state, { recursive: true });
    rmSync(place.receipt, { force: true });
    plan.begin();
    const command = scenario.command(place);
    const first = await run(() => command);
    const kinds = plan.end();
    const wrong = wrongAfter(first, scenario, place, data, kinds);
    let last = first;
    let runs = 1;
    for (; !scenario.codes.includes(last.code) && runs < mostRuns; runs++) last = await run(() => command);
    if (!scenario.codes.includes(last.code)) wrong.push(`run ${runs} ends with ${last.code}: ${last.stderr}`);
    const held = holdings(data);
    if (expected) wrong.push(...differences(held, expected));
    wrong.push(...wrongAtEnd(scenario, place, data));
    if (around.strayed() > 0) wrong.push('a request went to another host');
    return { first, kinds, hits: plan.hits(), runs, held, wrong };
  } finally {
    await proxy.close();
    await sandbox.close();
    rmSync(folder, { recursive: true });
  }
}

function planOf(disturbance: Disturbance | undefined, world: FaultWorld) {
  let [on, seen, hits, isNext] = [false, [] as RequestKind[], 0, false];
  return {
    pick: (request: Seen) => {
      if (!on) return undefined;
      const kind = kindOf(request);
      const nth = seen.filter((each) => each === kind).length;
      seen.push(kind);
      if (!disturbance) return undefined;
      const { then } = disturbance;
      if (isNext && then !== undefined) {
        isNext = false;
        hits++;
        return faults[then](world);
      }
      if (kind !== disturbance.kind || (disturbance.nth ?? nth) !== nth) return undefined;
      hits++;
      isNext = true;
      return faults[disturbance.fault](world);
    },
    begin: () => {
      on = true;
      seen = [];
    },
    end: () => {
      on = false;
      return seen;
    },
    hits: () => hits,
  };
}

function placeIn(folder: string, data: string, state: string, material: Material): Place {
  const vector = join(folder, 'vector.json');
  const texts = join(folder, 'texts.jsonl');
  writeFileSync(vector, JSON.stringify(Array.from({ length: 64 }, (_, i) => Math.fround(Math.cos(i)))));
  writeFileSync(texts, '{"tokens":["a"," b"],"values":[1,0.5]}\n{"tokens":["c"],"values":[2]}\n');
  return {
    ...{ material, vector, texts, receipt: join(folder, 'receipt.jsonl') },
    vectorId: () => {
      const sql = 'SELECT model_id, source, idx FROM features WHERE label IS NOT NULL ORDER BY label';
      const [row] = queryStore(data, sql);
      const { model_id, source, idx } = row as Record<string, unknown>;
      return `${model_id}/${source}/${idx}`;
    },
    job: () =>
      String(readdirSync(join(state, 'jobs')).find((name) => name.endsWith('.journal'))).replace('.journal', ''),
  };
}

/** Checks what must hold after any run, however it ended: at most one error, which has a hint, and no key shown. */
function wrongAfter(
  ran: RanHere,
  scenario: Scenario,
  place: Place,
  data: string,
  kinds: readonly RequestKind[],
): string[] {
  const { code, stdout, stderr, error } = ran;
  const wrong: string[] = [];
  const errors = stderr.split('\n').filter((line) => line.startsWith('neuronpedia: error:'));
  const documents = stdout.split('\n').filter((line) => line.startsWith('{'));
  if (code === 1) wrong.push(`a bug: ${stderr} ${(error?.cause as Error)?.stack}`);
  if (errors.length > 1) wrong.push(`${errors.length} errors: ${errors.join(' / ')}`);
  if (error && error.hints.length === 0) wrong.push(`no hint: ${error.message}`);
  if (documents.length === 0 && kinds.length > 0) wrong.push('no document');
  if (`${stdout}${stderr}`.includes(scenario.key)) wrong.push('the key was shown');
  if (existsSync(place.receipt)) wrong.push(...falselyStored(place.receipt, data));
  return wrong;
}

/** Returns the rows that a receipt calls stored but the store does not hold. */
function falselyStored(receipt: string, data: string): string[] {
  const [, ...lines] = readFileSync(receipt, 'utf8').trimEnd().split('\n');
  const held = queryStore(data, 'SELECT model_id, source, idx FROM features');
  const ids = new Set(held.map(({ model_id, source, idx }) => `${model_id}/${source}/${idx}`));
  const said = lines.map((line) => JSON.parse(line) as { row: number; id: string; status: string });
  return said.filter(({ id, status }) => status === 'stored' && !ids.has(id)).map(({ row }) => `receipt: row ${row}`);
}

function wrongAtEnd({ rows, isPublic }: Scenario, { material, receipt }: Place, data: string): string[] {
  if (!rows) return [];
  const expected = { as: rows.as, saeId: 'bench', rows: rows.count, keepsVectors: !isPublic, material };
  // Explanations that the server makes are not in the material; the comparison with `expected` covers them.
  const wrong = whatIsWrong(data, expected).filter((line) => !/\d explanations$/.test(line));
  return [...wrong, ...wrongInReceipt(receipt, data, expected)];
}
