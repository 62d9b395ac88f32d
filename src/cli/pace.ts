/** How fast rows are confirmed, and when they will all be there. Instants are milliseconds of a clock that only goes on. */
export interface Pace {
  /** So many rows are confirmed now. */
  mark(confirmed: number, now: number): void;
  /** Nothing is sent for a while: what comes after is not slow for it. */
  pause(): void;
  /** From now on requests are spread, and all that is left takes this long. */
  spread(leftMs: number, now: number): void;
  /** Rows a second over the last minutes; 0 before it can be told. */
  rate(now: number): number;
  /** How long until `left` more rows are there; undefined before it can be told. */
  leftMs(left: number, now: number): number | undefined;
}

/** Long enough that a batch that comes late or early changes little. */
const windowMs = 120_000;
/** Of less than this nothing is told. */
const leastMs = 500;

/** Starts measuring at `confirmed` rows, which were there before. */
export function createPace(confirmed: number, now: number): Pace {
  let oldest = { at: now, confirmed };
  let later: { at: number; confirmed: number }[] = [];
  let latest = confirmed;
  let isPaused = false;
  let spreadUntil: number | undefined;
  const rate = (at: number): number => {
    const ms = at - oldest.at;
    return ms > 0 ? ((latest - oldest.confirmed) / ms) * 1000 : 0;
  };
  return {
    mark(rows, at) {
      if (isPaused) [oldest, later] = [{ at, confirmed: latest }, []];
      isPaused = false;
      latest = rows;
      later.push({ at, confirmed: rows });
      while (later.length > 1 && (later[0]?.at ?? at) < at - windowMs) oldest = later.shift() ?? oldest;
    },
    pause() {
      isPaused = true;
    },
    spread(leftMs, at) {
      spreadUntil = at + leftMs;
    },
    rate,
    leftMs(left, at) {
      if (left <= 0) return 0;
      // What the server's limit makes of it is known better than any measurement.
      if (spreadUntil !== undefined && spreadUntil > at) return spreadUntil - at;
      const perSecond = rate(at);
      return perSecond > 0 && at - oldest.at >= leastMs ? (left / perSecond) * 1000 : undefined;
    },
  };
}
