/**
 * Keeps requests to one endpoint below a limit that the server tells: so many requests in a window of time that slides.
 * Without a word from the server there is no limit. `now` is always of a steady clock, in milliseconds.
 */
export interface Pacer {
  /** When the next request may go, where `need` are still to be sent, this one included. The instant is taken by asking. */
  turn(need: number, now: number): number;
  /** A request is on its way. */
  began(): void;
  /** It has ended; `remaining` is how many more the server said that it would take now. */
  ended(remaining: number | undefined): void;
  /** The server took none: its window is full. Nothing goes before a part of it is free again. */
  refused(window: RequestWindow, now: number): void;
  /** How far apart requests go now, in milliseconds; 0 where nothing is told of a limit. */
  readonly intervalMs: number;
  /** What the server has said is left, less what is on its way; undefined where it has said nothing. */
  readonly left: number | undefined;
}

/** What a refusal tells of a window. */
export interface RequestWindow {
  readonly limit: number;
  readonly ms: number;
  /** How long it is until a part of it is free again. */
  readonly opensInMs: number;
}

/**
 * The one length that Neuronpedia's limiter is known to have. Its answers tell how many requests are left but not of
 * what time; a refusal does, and is believed from then on.
 */
const usualWindowMs = 3_600_000;
/** Of the limit, when requests are spread: a little is left to others behind the same address. */
const share = 0.97;
/** Below this part of the limit the pace slows down in proportion: others are using it too. */
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
      // All that is needed fits: nothing is gained by going slowly.
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
      // What is left is never more than the limit less one: the largest seen is the best that is known of it.
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
