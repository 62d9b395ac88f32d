import { describe, expect, it } from 'vitest';
import { opensIn } from '../../src/api/request-window.ts';
import { createPacer, type Pacer } from '../../src/upload/pacer.ts';

const hour = 3_600_000;
const start = Date.UTC(2026, 10, 22, 12, 20);

/** The public server's limiter: the hour before counts for as much of it as the last 60 minutes still reach. */
function limiter(limit: number) {
  const counts = new Map<number, number>();
  const add = (now: number) => counts.set(Math.floor(now / hour), (counts.get(Math.floor(now / hour)) ?? 0) + 1);
  return {
    /** How many are left after this one; undefined where it is refused. */
    ask(now: number): number | undefined {
      const at = now / hour;
      const before = Math.floor((counts.get(Math.floor(at) - 1) ?? 0) * (1 - (at % 1)));
      const left = limit - before - (counts.get(Math.floor(at)) ?? 0);
      if (left <= 0) return undefined;
      add(now);
      return left - 1;
    },
    /** Requests that the window has seen from somebody else. */
    use(count: number, now: number) {
      for (let i = 0; i < count; i++) add(now);
    },
  };
}

/** Sends `requests` one after the other, each taking 40 ms; how long it took and how often it was refused. */
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
  it('goes as fast as it can where all that it needs is left', () => {
    const { hours, refused } = run(createPacer(), limiter(1000), 900, start);
    expect(refused).toBe(0);
    expect(hours * hour).toBe(900 * 40);
  });

  it('of eight times the limit is never refused, and takes hardly longer than eight hours', () => {
    const { hours, refused } = run(createPacer(), limiter(1000), 8192, start);
    expect(refused).toBe(0);
    expect(hours).toBeGreaterThan(7.9);
    expect(hours).toBeLessThan(8.8);
  });

  it('of 50,000 vectors at 25,000 an hour takes two hours', () => {
    const { hours, refused } = run(createPacer(), limiter(25_000), 50_000, start);
    expect(refused).toBe(0);
    expect(hours).toBeLessThan(2.2);
  });

  it('is not refused where others have used most of the window before it', () => {
    const server = limiter(1000);
    server.use(950, start - 10 * 60_000);
    const { refused } = run(createPacer(), server, 3000, start);
    expect(refused).toBe(0);
  });

  it('is not refused where others use the window meanwhile', () => {
    const { hours, refused } = run(createPacer(), limiter(1000), 4000, start, 100);
    expect(refused).toBe(0);
    expect(hours).toBeLessThan(5.2);
  });

  it('is not refused after jobs of the same command that used the window up', () => {
    const [pacer, server] = [createPacer(), limiter(1000)];
    let now = start;
    for (let job = 0; job < 12; job++) {
      const { refused, end } = run(pacer, server, 128, now);
      expect(refused).toBe(0);
      now = end;
    }
    expect(now - start).toBeLessThan(3 * hour);
  });

  it('that is refused all the same waits past the turn of the hour, and is not refused again', () => {
    const server = limiter(1000);
    server.use(1000, start);
    const { hours, refused } = run(createPacer(), server, 1500, start);
    expect(refused).toBe(1);
    expect(hours).toBeLessThan(0.75 + 1.7);
  });

  it('has no limit from a server that tells none', () => {
    const pacer = createPacer();
    for (let i = 0; i < 10_000; i++) {
      expect(pacer.turn(1e6, start)).toBe(start);
      pacer.began();
      pacer.ended(undefined);
    }
  });

  it('tells how far apart requests go, which is not how long the next one waits', () => {
    const pacer = createPacer();
    expect(pacer.intervalMs).toBe(0);
    pacer.began();
    pacer.ended(100);
    const [first, second] = [pacer.turn(1000, start), pacer.turn(1000, start)];
    expect(pacer.intervalMs).toBeCloseTo(second - first, 3);
    expect(pacer.intervalMs).toBeGreaterThan(30_000);
  });
});
