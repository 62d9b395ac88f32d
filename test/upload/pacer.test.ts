import { describe, expect, it } from 'vitest';
import { opensIn } from '../../src/api/request-window.ts';
import { createPacer, type Pacer } from '../../src/upload/pacer.ts';

const hour = 3_600_000;
const start = Date.UTC(2026, 10, 22, 12, 20);

/** The public server's limiter: the previous hour counts for the share of it that lies within the last 60 minutes. */
function limiter(limit: number) {
  const counts = new Map<number, number>();
  const add = (now: number) => counts.set(Math.floor(now / hour), (counts.get(Math.floor(now / hour)) ?? 0) + 1);
  return {
    /** Takes a request and returns how many more it would take; undefined if it is refused. */
    ask(now: number): number | undefined {
      const at = now / hour;
      const before = Math.floor((counts.get(Math.floor(at) - 1) ?? 0) * (1 - (at % 1)));
      const left = limit - before - (counts.get(Math.floor(at)) ?? 0);
      if (left <= 0) return undefined;
      add(now);
      return left - 1;
    },
    /** Adds requests of somebody else to the window. */
    use(count: number, now: number) {
      for (let i = 0; i < count; i++) add(now);
    },
  };
}

/** Sends `requests` one by one, 40 ms each, while `others` more an hour come from elsewhere; returns how that went. */
function run(pacer: Pacer, server: ReturnType<typeof limiter>, requests: number, from: number, others = 0) {
  let now = from;
  let refused = 0;
  let nextOther = others > 0 ? from : Number.POSITIVE_INFINITY;
  for (let left = requests; left > 0; ) {
    now = pacer.turn(left, now);
    for (; nextOther <= now; nextOther += hour / others) server.ask(nextOther);
    pacer.began();
    const told = server.ask(now);
    pacer.ended(told);
    if (told === undefined) {
      refused++;
      pacer.refused({ limit: 1000, ms: hour, opensInMs: opensIn(hour, now) }, now);
    } else {
      left--;
    }
    now += 40;
  }
  return { hours: (now - from) / hour, refused, end: now };
}

describe('a paced upload', () => {
  it('goes as fast as it can if enough requests are left for all of it', () => {
    const { hours, refused } = run(createPacer(), limiter(1000), 900, start);
    expect(refused).toBe(0);
    expect(hours * hour).toBe(900 * 40);
  });

  it('of eight times the hourly limit is never refused and takes hardly more than eight hours', () => {
    const { hours, refused } = run(createPacer(), limiter(1000), 8192, start);
    expect(refused).toBe(0);
    expect(hours).toBeGreaterThan(7.9);
    expect(hours).toBeLessThan(8.8);
  });

  it('of 50,000 vectors at 25,000 an hour is never refused and takes hardly more than two hours', () => {
    const { hours, refused } = run(createPacer(), limiter(25_000), 50_000, start);
    expect(refused).toBe(0);
    expect(hours).toBeLessThan(2.2);
  });

  it('is not refused if others used most of the window before it began', () => {
    const server = limiter(1000);
    server.use(950, start - 10 * 60_000);
    const { refused } = run(createPacer(), server, 3000, start);
    expect(refused).toBe(0);
  });

  it('is not refused if others use the window at the same time', () => {
    const { hours, refused } = run(createPacer(), limiter(1000), 4000, start, 100);
    expect(refused).toBe(0);
    expect(hours).toBeLessThan(5.2);
  });

  it('is not refused after earlier jobs of the same command used the window up', () => {
    const [pacer, server] = [createPacer(), limiter(1000)];
    let now = start;
    for (let job = 0; job < 12; job++) {
      const { refused, end } = run(pacer, server, 128, now);
      expect(refused).toBe(0);
      now = end;
    }
    expect(now - start).toBeLessThan(3 * hour);
  });

  it('that is refused once waits past the turn of the hour and is not refused again', () => {
    const server = limiter(1000);
    server.use(1000, start);
    const { hours, refused } = run(createPacer(), server, 1500, start);
    expect(refused).toBe(1);
    expect(hours).toBeLessThan(0.75 + 1.7);
  });

  it('is not slowed down for a server that reports no limit', () => {
    const pacer = createPacer();
    for (let i = 0; i < 10_000; i++) {
      expect(pacer.turn(1e6, start)).toBe(start);
      pacer.began();
      pacer.ended(undefined);
    }
  });

  it('reports the interval between requests, not the wait before the next one', () => {
    const pacer = createPacer();
    expect(pacer.intervalMs).toBe(0);
    pacer.began();
    pacer.ended(100);
    const [first, second] = [pacer.turn(1000, start), pacer.turn(1000, start)];
    expect(pacer.intervalMs).toBeCloseTo(second - first, 3);
    expect(pacer.intervalMs).toBeGreaterThan(30_000);
  });
});
