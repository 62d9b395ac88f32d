/**
 * Keeps requests to one endpoint below the limit that the server reports: so many requests in a sliding time window.
 * There is no limit until the server reports one. `now` is always in milliseconds of a steady clock.
 */
export interface Pacer {
  /** Reserves and returns the time of the next request. `need` requests are still to be sent, this one included. */
  turn(need: number, now: number): number;
  /** Notes that a request is under way. */
  began(): void;
  /** Notes that it has ended; `remaining` is how many more the server said it would take now. */
  ended(remaining: number | undefined): void;
  /** Notes that the server refused a request because its window is full: nothing is sent until part of it is free again. */
  refused(window: RequestWindow, now: number): void;
  /** The current interval between requests, in milliseconds; 0 while no limit is known. */
  readonly intervalMs: number;
  /** Requests left according to the server, less those under way; undefined if it has said nothing. */
  readonly left: number | undefined;
}

/** What a refusal says about the window. */
export interface RequestWindow {
  readonly limit: number;
  readonly ms: number;
  /** Milliseconds until part of it is free again. */
  readonly opensInMs: number;
}

/**
 * The only window length that Neuronpedia's limiter is known to use. Its answers say how many requests are left, but not
 * within what time. A refusal does say so, and its length is used from then on.
 */
const usualWindowMs = 3_600_000;
/** The share of the limit that is used when requests are spread out: a little is left to others behind the same address. */
const share = 0.97;
/** With less than this share of the limit left, the pace slows down in proportion: others are using it too. */
const reserve = 0.05;

/** Makes the pacer of one endpoint; it serves all jobs of a command. */
export function createPacer(): Pacer {
  let windowMs = usualWindowMs;
  let limit = 0;
  let remaining: number | undefined;
  let underWay = 0;
  let last = 0;
  let closedUntil = 0;
  const intervalAt = (left: number): number => {
    if (left <= 0) return windowMs;
    return windowMs / (share * limit * Math.min(1, left / (reserve * limit)));
  };
  const leftNow = () => (remaining === undefined ? undefined : remaining - underWay);
  return {
    turn(need, now) {
      const open = Math.max(now, closedUntil);
      const left = leftNow();
      // Everything still to be sent fits, so going slowly would gain nothing.
      last = left === undefined || need <= left ? open : Math.max(open, last + intervalAt(left));
      return last;
    },
    began() {
      underWay++;
    },
    ended(told) {
      underWay--;
      if (told === undefined) return;
      remaining = told;
      // After a request at most the limit less one is left, so the largest number seen gives the best estimate of the limit.
      limit = Math.max(limit, told + 1);
    },
    refused(window, now) {
      windowMs = window.ms;
      limit = window.limit;
      closedUntil = now + window.opensInMs;
      remaining = Math.max(1, Math.floor(reserve * limit));
      last = now;
    },
    get intervalMs() {
      const left = leftNow();
      return left === undefined ? 0 : intervalAt(left);
    },
    get left() {
      return leftNow();
    },
  };
}
