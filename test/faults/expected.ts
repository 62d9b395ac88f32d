import type { Disturbance } from './fault-case.ts';
import type { FaultName } from './faults.ts';
import type { RequestKind } from './request-kinds.ts';
import type { Scenario } from './scenarios.ts';

/** Faults where the server does what it was asked, but its answer is lost. */
const lost: readonly FaultName[] = [
  'reset after the commit',
  'reset in mid-answer',
  '500 after the commit',
  '502 with a page, after the commit',
  '504 with JSON, after the commit',
  'cut JSON',
  'a slow drip',
  'silence after the commit',
];

/** Faults against which asking again does not help. */
const final: readonly FaultName[] = ['413', 'redirect to the same host', 'redirect to another host'];
const hour = '429 with Retry-After of an hour';
const tooMany: readonly FaultName[] = [hour, '429 with Retry-After', '429 without Retry-After'];

/**
 * Returns the exit codes with which the disturbed run may end. A fault that happens once is overcome, and the run ends
 * as if undisturbed; one that happens every time ends it with 5, unless the server limits requests (8), refuses (10),
 * or leaves unknown what it holds (9).
 */
export function expectedCodes(scenario: Scenario, { kind, nth, fault, then }: Disturbance): readonly number[] {
  const once = codesFor(scenario, kind, nth, fault);
  if (then === undefined) return once;
  const isHard = final.includes(then) || then === hour;
  return isHard ? [...once, 5, 8, 9, 10] : once;
}

type Codes = (scenario: Scenario, nth: number | undefined, fault: FaultName) => readonly number[];

function codesFor(scenario: Scenario, kind: RequestKind, nth: number | undefined, fault: FaultName): readonly number[] {
  return (special[kind] ?? asked)(scenario, nth, fault);
}

/** Codes for requests that are repeated unchanged. */
const asked: Codes = ({ codes }, nth, fault) => {
  if (final.includes(fault)) return [10];
  if (fault === hour) return [5];
  if (nth !== undefined) return codes;
  return [fault === 'a log-in page' ? 10 : 5];
};

/** Codes for requests that a server would carry out twice: before a retry, the client looks up what it has done. */
const askedForTheRest: Codes = (scenario, nth, fault) =>
  nth === undefined && lost.includes(fault) ? scenario.codes : asked(scenario, nth, fault);

/**
 * Codes for uploads. Only with idempotency keys is a batch sent again without looking for it first; either way, a 500
 * every time is blamed on what is in the batch.
 */
const uploaded: Codes = ({ codes, isPublic }, nth, fault) => {
  if (final.includes(fault)) return [10];
  if (fault === hour) return [8];
  if (nth !== undefined || fault === '500 after the commit') return codes;
  if (fault === '500 before the commit') return [10];
  return isPublic && lost.includes(fault) ? codes : [5];
};

const special: Partial<Record<RequestKind, Codes>> = {
  // A page is the public server's answer, and half a page is as good.
  'GET /api/upload/limits': (scenario, nth, fault) =>
    scenario.isPublic && fault === 'cut JSON' ? scenario.codes : asked(scenario, nth, fault),
  'POST /api/model/new': askedForTheRest,
  'POST /api/source-set/new': askedForTheRest,
  'POST /api/list/new': askedForTheRest,
  'POST /api/list/add-features': askedForTheRest,
  'POST /api/explanation/score': askedForTheRest,
  'POST /api/feature/upload-batch': (scenario, nth, fault) =>
    nth !== undefined && fault === '413' ? scenario.codes : uploaded(scenario, nth, fault),
  'POST /api/vector/new': uploaded,
  'POST /api/activation/upload-batch': uploaded,
  // The answer may be too large for the server. What it holds is then unknown, and nothing is sent.
  'POST /api/vector/list-owned': (scenario, nth, fault) => {
    const isAway = /reset|silence|drip|redirect/.test(fault) || tooMany.includes(fault);
    return fault === '413' || (nth === undefined && !isAway) ? [9] : asked(scenario, nth, fault);
  },
  // A deletion's second one checks whether the rows are gone. If an answer is too large, half as many are requested.
  'POST /api/features': (scenario, nth, fault) => {
    const isDivided = nth !== undefined && scenario.name !== 'delete a feature';
    if (fault === '413' && (isDivided || scenario.name === 'finished vectors')) return scenario.codes;
    return nth === 1 && fault === hour ? [9] : asked(scenario, nth, fault);
  },
  // If the server fails, what counts is whether the row is still there. A gateway that fails on several rows in succession
  // ends the deletion; the upload protocol takes several requests at once, so that all have been sent by then.
  'POST /api/vector/delete': ({ codes, name, isPublic }, nth, fault) => {
    if (final.includes(fault)) return [10];
    if (fault === hour || (nth === undefined && tooMany.includes(fault))) return [8];
    const isOne = name === 'delete a feature';
    const isGateway = /^50[24]/.test(fault);
    const isDone = fault === '500 after the commit' || (lost.includes(fault) && (isOne || (isGateway && !isPublic)));
    if (nth !== undefined || isDone) return codes;
    if (fault === '500 before the commit' || fault === 'a log-in page') return [10];
    if (isGateway) return isOne ? [9] : [5];
    return fault === 'cut JSON' ? [5, ...codes] : [5, 9];
  },
  'POST /api/steer': steered,
  'POST /api/steer-chat': steered,
};

/** Returns the codes for a model call, which is repeated only if a stream did not begin. */
function steered({ codes, name }: Scenario, nth: number | undefined, fault: FaultName): readonly number[] {
  if (final.includes(fault) || fault === 'a log-in page') return [10];
  if (tooMany.includes(fault)) return [8];
  const isStream = name !== 'steering in one piece';
  const isBegunAgain = nth !== undefined && (fault === 'reset before it arrives' || fault === 'reset after the commit');
  return isStream && (isBegunAgain || fault === 'cut JSON') ? codes : [5];
}
