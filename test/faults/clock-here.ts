import { createRequire, syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';

/** undici's own timers: its request timeouts depend on these alone. */
const undici: { tick(ms: number): void } = createRequire(import.meta.url)('undici/lib/util/timers.js');

/** The time of this process under the control of a test: whatever the product waits for is over at once. */
export interface ClockHere {
  /** Milliseconds that the product has waited in total. */
  readonly waited: number;
  /** Lets time pass in which no server sends anything, so that the limits on an answer are reached as usual. */
  silence(ms: number): void;
  /** Lets time pass in which bytes keep coming, so that only the limit on a whole exchange is reached. */
  trickle(ms: number): void;
  close(): void;
}

/**
 * Takes over the time of this process, as `test-clock.mjs` does in a child: `Date`, `process.hrtime`, waits of
 * `node:timers/promises`, timers of a minute or more and those that undici keeps. The product's own timeouts are thus
 * tested unchanged.
 */
export function takeClock(): ClockHere {
  const RealDate = Date;
  const realWait = timers.setTimeout;
  const { setTimeout: realSet, clearTimeout: realClear } = globalThis;
  const realTime = process.hrtime;
  let waited = 0;
  const deadlines = new Map<unknown, { at: number; due: () => void }>();
  globalThis.Date = class extends RealDate {
    constructor(...given: []) {
      if (given.length === 0) super(RealDate.now() + waited);
      else super(...given);
    }
    static override now() {
      return RealDate.now() + waited;
    }
  } as DateConstructor;
  timers.setTimeout = ((ms = 0, value?: unknown, options?: { signal?: AbortSignal }) => {
    if (!options?.signal?.aborted) waited += ms;
    return timers.setImmediate(value, options);
  }) as typeof realWait;
  syncBuiltinESMExports();
  process.hrtime = Object.assign(
    () => {
      const [seconds, nanoseconds] = realTime();
      const ms = nanoseconds / 1e6 + waited;
      return [seconds + Math.floor(ms / 1000), (ms % 1000) * 1e6] as [number, number];
    },
    { bigint: realTime.bigint },
  );
  globalThis.setTimeout = Object.assign((due: () => void, ms = 0, ...rest: []) => {
    const timer = realSet(due, ms, ...rest);
    // undici's own timers, which incoming data postpones, are set with an argument.
    if (ms >= leastDeadlineMs && rest.length === 0) deadlines.set(timer, { at: Date.now() + ms, due });
    return timer;
  }, realSet);
  globalThis.clearTimeout = (timer) => {
    deadlines.delete(timer);
    realClear(timer);
  };
  const trickle = (ms: number) => {
    waited += ms;
    for (const [timer, { at, due }] of deadlines) {
      if (at > Date.now()) continue;
      clearTimeout(timer as NodeJS.Timeout);
      due();
    }
  };
  return {
    get waited() {
      return waited;
    },
    silence(ms) {
      // A timer set since the last tick is only started by one tick, and due at the next.
      undici.tick(1000);
      undici.tick(ms);
      trickle(ms);
    },
    trickle,
    close() {
      globalThis.Date = RealDate;
      timers.setTimeout = realWait;
      syncBuiltinESMExports();
      Object.assign(globalThis, { setTimeout: realSet, clearTimeout: realClear });
      process.hrtime = realTime;
    },
  };
}

/** Timers of a minute or more are timeouts; no test needs a shorter one to fire early. */
const leastDeadlineMs = 60_000;
