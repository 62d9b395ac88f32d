import { describe, expect, it } from 'vitest';
import { type Appetite, createAppetite } from '../../src/upload/appetite.ts';
import type { Body } from '../../src/upload/body.ts';

const most = { rows: 128, bytes: 4_500_000, inFlight: 4, ahead: 2 };

/** Makes a body of so many rows and bytes; its content does not matter here. */
function bodyOf(rows: number, size: number): Body {
  const pieces = Array.from({ length: rows }, (_, row) => ({ row, start: 0, end: 0 }));
  return { bytes: new Uint8Array(size), pieces, release: () => undefined };
}

/** Begins as many requests as may begin now, leaves them in flight, and returns how many they are. */
async function admitted(appetite: Appetite): Promise<number> {
  let count = 0;
  for (let i = 0; i < 2 * most.inFlight; i++) void appetite.begin().then(() => count++);
  await new Promise(setImmediate);
  return count;
}

describe('how much is sent to a server at a time', () => {
  it('is a megabyte at first, or less if the server or the user allows less', () => {
    expect(createAppetite(most).limits()).toEqual({ rows: 128, bytes: 1 << 20, alone: 4_500_000 });
    expect(createAppetite({ ...most, bytes: 1000 }).limits()).toEqual({ rows: 128, bytes: 1000, alone: 1000 });
  });

  it('grows to all that is allowed while answers are quick', async () => {
    const appetite = createAppetite(most);
    for (let i = 0; i < 3; i++) appetite.took(bodyOf(36, 1 << 20), 100);
    expect(appetite.limits()).toEqual({ rows: 128, bytes: 4_500_000, alone: 4_500_000 });
    expect(await admitted(appetite)).toBe(4);
  });

  it('is never more than 8 MiB, whatever the server takes, except for a single row', () => {
    const appetite = createAppetite({ ...most, bytes: 1e12 });
    for (let i = 0; i < 30; i++) appetite.took(bodyOf(36, 1 << 20), 100);
    expect(appetite.limits()).toEqual({ rows: 128, bytes: 8 << 20, alone: 1e12 });
  });

  it('is one request at first, and the next once that has ended', async () => {
    const appetite = createAppetite(most);
    const end = await appetite.begin();
    let next: (() => void) | undefined;
    void appetite.begin().then((done) => {
      next = done;
    });
    expect(await admitted(appetite)).toBe(0);
    expect(next).toBeUndefined();
    end();
    expect(await admitted(appetite)).toBe(0);
    expect(next).toBeDefined();
  });

  it('stays the same while answers are neither quick nor slow', () => {
    const appetite = createAppetite(most);
    appetite.took(bodyOf(36, 1 << 20), 3_000);
    expect(appetite.limits()).toEqual({ rows: 128, bytes: 1 << 20, alone: 4_500_000 });
  });

  for (const [what, meet] of [
    ['a slow answer', (appetite: Appetite, body: Body) => appetite.took(body, 4_500)],
    ['a failed transaction', (appetite: Appetite, body: Body) => appetite.failed(body)],
  ] as const) {
    it(`is halved after ${what}, and then grows in small steps`, async () => {
      const appetite = createAppetite(most);
      for (let i = 0; i < 3; i++) appetite.took(bodyOf(128, 4_000_000), 100);
      meet(appetite, bodyOf(128, 4_000_000));
      expect(appetite.limits()).toEqual({ rows: 64, bytes: 2_000_000, alone: 4_500_000 });
      appetite.took(bodyOf(64, 2_000_000), 100);
      expect(appetite.limits()).toEqual({ rows: 72, bytes: 2_250_000, alone: 4_500_000 });
      expect(await admitted(appetite)).toBe(3);
    });
  }

  it('is never again more than half the bytes of a body that was too large; rows are not limited by it', () => {
    const appetite = createAppetite(most);
    appetite.tooLarge(bodyOf(30, 900_000));
    expect(appetite.limits()).toEqual({ rows: 128, bytes: 450_000, alone: 4_500_000 });
    for (let i = 0; i < 9; i++) appetite.took(bodyOf(15, 400_000), 10);
    expect(appetite.limits()).toEqual({ rows: 128, bytes: 450_000, alone: 4_500_000 });
  });

  it('shrinks to single rows, one at a time, and no further', async () => {
    const appetite = createAppetite(most);
    for (let rows = 128; rows > 1; rows = Math.ceil(rows / 2)) appetite.failed(bodyOf(rows, rows * 1000));
    appetite.failed(bodyOf(1, 1000));
    expect(appetite.limits().rows).toBe(1);
    expect(await admitted(appetite)).toBe(1);
  });

  it('is not reduced further for a server that is slow at any size', async () => {
    const appetite = createAppetite(most);
    for (let i = 0; i < 9; i++) appetite.took(bodyOf(appetite.limits().rows, appetite.limits().bytes), 4_500);
    expect(appetite.limits()).toEqual({ rows: 64, bytes: 1 << 19, alone: 4_500_000 });
    appetite.took(bodyOf(64, 1 << 19), 3_000);
    expect(await admitted(appetite)).toBe(2);
  });

  it('is halved again while that makes answers quicker, but not below 16 rows', () => {
    const appetite = createAppetite(most);
    for (const [rows, ms] of [
      [128, 36_000],
      [64, 18_000],
      [32, 9_000],
      [16, 4_500],
    ] as const)
      appetite.took(bodyOf(rows, rows * 1000), ms);
    expect(appetite.limits().rows).toBe(16);
  });
});
