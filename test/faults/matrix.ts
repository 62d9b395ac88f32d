import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeMaterial } from '../soak/material.ts';
import { takeClock } from './clock-here.ts';
import { expectedCodes } from './expected.ts';
import { type Disturbance, type Outcome, runCase, type Surroundings } from './fault-case.ts';
import { type FaultName, faultNames } from './faults.ts';
import { type RequestKind, writing } from './request-kinds.ts';
import { type Scenario, scenarios } from './scenarios.ts';

/** A scenario and what is done to it. */
export interface MatrixCase {
  readonly scenario: Scenario;
  readonly disturbance: Disturbance;
}

/** Returns the cases with one fault, on one request or on all of its kind, for every kind of request. */
export function singles(): MatrixCase[] {
  return everyKind()
    .flatMap(({ scenario, kind, count }) =>
      [...Array.from({ length: count }, (_, nth) => nth), undefined].flatMap((nth) =>
        faultNames.map((fault) => ({ scenario, disturbance: { kind, nth, fault } })),
      ),
    )
    .filter((one) => !isOtherServer(one));
}

/** Tells cases that turn the server into a public one: only those always answer a request for limits with a page. */
function isOtherServer({ disturbance: { kind, nth, fault } }: MatrixCase): boolean {
  return kind === 'GET /api/upload/limits' && nth === undefined && fault === 'a log-in page';
}

/** Faults after which the client makes no further request. */
const last: readonly FaultName[] = ['redirect to the same host', 'redirect to another host'];

/** Returns the cases with every ordered pair of faults: on a request that writes, and on whatever comes next. */
export function pairs(): MatrixCase[] {
  const firsts = faultNames.filter((fault) => !last.includes(fault));
  return everyKind()
    .filter(({ kind }) => writing.includes(kind))
    .flatMap(({ scenario, kind, count }) =>
      firsts.flatMap((fault) =>
        faultNames.map((then) => ({ scenario, disturbance: { kind, nth: count - 1, fault, then } })),
      ),
    );
}

function everyKind() {
  return scenarios.flatMap((scenario) =>
    Object.entries(scenario.about).map(([kind, count]) => ({ scenario, kind: kind as RequestKind, count })),
  );
}

/** Describes a case in words. */
export function nameOf({ scenario, disturbance: { kind, nth, fault, then } }: MatrixCase): string {
  const which = nth === undefined ? 'every' : `number ${nth + 1} of`;
  const next = then === undefined ? '' : `, then on the next request ${then}`;
  return `${scenarioName(scenario)}: ${fault} on ${which} ${kind}${next}`;
}

export function scenarioName({ name, isPublic }: Scenario): string {
  return `${isPublic ? 'public server' : 'upload protocol'}, ${name}`;
}

/** Runs cases. Each scenario also runs undisturbed, once, to find out what its store should hold. */
export interface Matrix {
  /** Runs a case and says what is wrong with it, including its exit code. */
  run(one: MatrixCase): Promise<{ readonly outcome: Outcome; readonly wrong: readonly string[] }>;
  undisturbed(scenario: Scenario): Promise<Outcome>;
  close(): void;
}

/** Opens a matrix. It takes over the clock of this process until it is closed, so only one may be open at a time. */
export async function openMatrix(): Promise<Matrix> {
  const folder = mkdtempSync(join(tmpdir(), 'np-faults-'));
  let strayed = 0;
  const elsewhere = createServer((_request, response) => {
    strayed++;
    response.end('{}');
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  const around: Surroundings = {
    folder,
    clock: takeClock(),
    material: makeMaterial(join(folder, 'material'), 6),
    elsewhere: `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`,
    strayed: () => strayed,
  };
  const quiet = new Map<Scenario, Promise<Outcome>>();
  const undisturbed = (scenario: Scenario) => {
    const outcome = quiet.get(scenario) ?? runCase(scenario, undefined, around);
    quiet.set(scenario, outcome);
    return outcome;
  };
  return {
    undisturbed,
    async run({ scenario, disturbance }) {
      const { held } = await undisturbed(scenario);
      const outcome = await runCase(scenario, disturbance, around, held);
      const { code, stderr } = outcome.first;
      const expected = expectedCodes(scenario, disturbance);
      const odd = expected.includes(code) ? [] : [`exit ${code} instead of ${expected}: ${stderr.slice(-500)}`];
      const missed = outcome.hits === 0 ? ['nothing was disturbed'] : [];
      return { outcome, wrong: [...odd, ...missed, ...outcome.wrong] };
    },
    close() {
      around.clock.close();
      elsewhere.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
