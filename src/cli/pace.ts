/** Measures how fast rows are confirmed and estimates when all will be. Times are milliseconds of a monotonic clock. */
export interface Pace {
  /** Records how many rows are confirmed in all. */
  mark(confirmed: number, now: number): void;
  /** Nothing is sent for a while: keeps the gap out of the rate. */
  pause(): void;
  /** Requests are spread out from now on: sending the rest takes `leftMs`. */
  spread(leftMs: number, now: number): void;
  /** Rows per second over about the last two minutes; 0 until it is known. */
  rate(now: number): number;
  /** Milliseconds until `left` more rows are confirmed; undefined until that can be estimated. */
  leftMs(left: number, now: number): number | undefined;
}

/** Long enough that one early or late batch changes the rate little. */
const windowMs = 120_000;
/** No estimate is made from less measured time than this. */
const leastMs = 500;

/** Starts measuring; `confirmed` rows were on the server before. */
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
      // The server's rate limit predicts the end better than any measurement.
      if (spreadUntil !== undefined && spreadUntil > at) return spreadUntil - at;
      const perSecond = rate(at);
      return perSecond > 0 && at - oldest.at >= leastMs ? (left / perSecond) * 1000 : undefined;
    },
  };
}
