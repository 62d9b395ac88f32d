import type { Disturbance } from './fault-case.ts';
import type { FaultName } from './faults.ts';
import type { RequestKind } from './request-kinds.ts';
import type { Scenario } from './scenarios.ts';

/** Faults in which the server does what it was asked, and its answer is lost. */
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

/** Whoever meets one of these is not helped by asking again. */
const final: readonly FaultName[] = ['413', 'redirect to the same host', 'redirect to another host'];
const hour = '429 with Retry-After of an hour';
const tooMany: readonly FaultName[] = [hour, '429 with Retry-After', '429 without Retry-After'];

/**
 * Exit codes that the disturbed run may end with. What happens once is got over, and the run ends as undisturbed; what
 * happens every time ends it with 5, if not for what the server asks (8), refuses (10), or leaves unknown (9).
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

/** Requests that are repeated as they are. */
const asked: Codes = ({ codes }, nth, fault) => {
  if (final.includes(fault)) return [10];
  if (fault === hour) return [5];
  if (nth !== undefined) return codes;
  return [fault === 'a log-in page' ? 10 : 5];
};

/** Before what a server would do twice is asked for again, it is looked at what it has done. */
const askedForTheRest: Codes = (scenario, nth, fault) =>
  nth === undefined && lost.includes(fault) ? scenario.codes : asked(scenario, nth, fault);

/** Only with keys is a batch sent again before it is looked for; either way, a 500 each time is for what is in it. */
const uploaded: Codes = ({ codes, isPublic }, nth, fault) => {
  if (final.includes(fault)) return [10];
  if (fault === hour) return [8];
  if (nth !== undefined || fault === '500 after the commit') return codes;
  if (fault === '500 before the commit') return [10];
  return isPublic && lost.includes(fault) ? codes : [5];
};

const special: Partial<Record<RequestKind, Codes>> = {
  // A page is the public server's answer, half of one too.
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
  // The answer may be too large for the server: what it has is unknown then, and nothing is sent.
  'POST /api/vector/list-owned': (scenario, nth, fault) => {
    const isAway = /reset|silence|drip|redirect/.test(fault) || tooMany.includes(fault);
    return fault === '413' || (nth === undefined && !isAway) ? [9] : asked(scenario, nth, fault);
  },
  // The second one of a deletion looks whether the rows are gone. Where an answer is too large, half as many are asked for.
  'POST /api/features': (scenario, nth, fault) => {
    const isDivided = nth !== undefined && scenario.name !== 'delete a feature';
    if (fault === '413' && (isDivided || scenario.name === 'finished vectors')) return scenario.codes;
    return nth === 1 && (final.includes(fault) || fault === hour) ? [9] : asked(scenario, nth, fault);
  },
  // What a failing server says of a row goes by whether the row is there after; several requests are under way at once.
  'POST /api/vector/delete': ({ codes }, nth, fault) => {
    if (final.includes(fault)) return [10];
    if (fault === hour || (nth === undefined && tooMany.includes(fault))) return [8];
    if (nth !== undefined || /^50\d .*after the commit/.test(fault)) return codes;
    if (/^50|page/.test(fault)) return [10];
    return fault === 'cut JSON' ? [5, ...codes] : [5, 9];
  },
  'POST /api/steer': steered,
  'POST /api/steer-chat': steered,
};

/** A model call is not made again, but where a stream did not begin. */
function steered({ codes, name }: Scenario, nth: number | undefined, fault: FaultName): readonly number[] {
  if (final.includes(fault) || fault === 'a log-in page') return [10];
  if (tooMany.includes(fault)) return [8];
  const isStream = name !== 'steering in one piece';
  const isBegunAgain = nth !== undefined && (fault === 'reset before it arrives' || fault === 'reset after the commit');
  return isStream && (isBegunAgain || fault === 'cut JSON') ? codes : [5];
}
