import { describe, expect, it } from 'vitest';
import { type Appetite, createAppetite } from '../../src/upload/appetite.ts';
import type { Body } from '../../src/upload/body.ts';

const most = { rows: 128, bytes: 4_500_000, inFlight: 4, ahead: 2 };

/** A body of so many rows and bytes; what is in it is nobody's business here. */
function bodyOf(rows: number, size: number): Body {
  const pieces = Array.from({ length: rows }, (_, row) => ({ row, start: 0, end: 0 }));
  return { bytes: new Uint8Array(size), pieces, release: () => undefined };
}

/** How many requests may begin now; they stay under way. */
async function admitted(appetite: Appetite): Promise<number> {
  let count = 0;
  for (let i = 0; i < 2 * most.inFlight; i++) void appetite.begin().then(() => count++);
  await new Promise(setImmediate);
  return count;
}

describe('what a server is given at a time', () => {
  it('is a megabyte and one request at first, never more than the server or the user says', () => {
    expect(createAppetite(most).limits()).toEqual({ rows: 128, bytes: 1 << 20, alone: 4_500_000 });
    expect(createAppetite({ ...most, bytes: 1000 }).limits()).toEqual({ rows: 128, bytes: 1000, alone: 1000 });
  });

  it('grows to all that is allowed while answers come at once', async () => {
    const appetite = createAppetite(most);
    for (let i = 0; i < 3; i++) appetite.took(bodyOf(36, 1 << 20), 100);
    expect(appetite.limits()).toEqual({ rows: 128, bytes: 4_500_000, alone: 4_500_000 });
    expect(await admitted(appetite)).toBe(4);
  });

  it('is no more than memory should hold of it, whatever the server takes; a row alone may be all that it takes', () => {
    const appetite = createAppetite({ ...most, bytes: 1e12 });
    for (let i = 0; i < 30; i++) appetite.took(bodyOf(36, 1 << 20), 100);
    expect(appetite.limits()).toEqual({ rows: 128, bytes: 8 << 20, alone: 1e12 });
  });

  it('begins with one request under way and lets the next begin when that has ended', async () => {
    const appetite = createAppetite(most);
    const end = await appetite.begin();
    expect(await admitted(appetite)).toBe(0);
    end();
    await new Promise(setImmediate);
    expect(await admitted(createAppetite(most))).toBe(1);
  });

  it('stays as it is while answers are neither quick nor slow', () => {
    const appetite = createAppetite(most);
    appetite.took(bodyOf(36, 1 << 20), 3_000);
    expect(appetite.limits()).toEqual({ rows: 128, bytes: 1 << 20, alone: 4_500_000 });
  });

  for (const [what, meet] of [
    ['a slow answer', (appetite: Appetite, body: Body) => appetite.took(body, 4_500)],
    ['a failed transaction', (appetite: Appetite, body: Body) => appetite.failed(body)],
  ] as const) {
    it(`halves after ${what}, and grows again by little steps`, async () => {
      const appetite = createAppetite(most);
      for (let i = 0; i < 3; i++) appetite.took(bodyOf(128, 4_000_000), 100);
      meet(appetite, bodyOf(128, 4_000_000));
      expect(appetite.limits()).toEqual({ rows: 64, bytes: 2_000_000, alone: 4_500_000 });
      appetite.took(bodyOf(64, 2_000_000), 100);
      expect(appetite.limits()).toEqual({ rows: 72, bytes: 2_250_000, alone: 4_500_000 });
      expect(await admitted(appetite)).toBe(3);
    });
  }

  it('never again gives as many rows as were once too large together', () => {
    const appetite = createAppetite(most);
    appetite.tooLarge(bodyOf(30, 900_000));
    for (let i = 0; i < 9; i++) appetite.took(bodyOf(15, 400_000), 10);
    expect(appetite.limits()).toEqual({ rows: 128, bytes: 450_000, alone: 4_500_000 });
  });

  it('comes down to single rows, one at a time, and no further', async () => {
    const appetite = createAppetite(most);
    for (let rows = 128; rows > 1; rows = Math.ceil(rows / 2)) appetite.failed(bodyOf(rows, rows * 1000));
    appetite.failed(bodyOf(1, 1000));
    expect(appetite.limits().rows).toBe(1);
    expect(await admitted(appetite)).toBe(1);
  });

  it('does not make bodies smaller for a server that is slow whatever it is given', async () => {
    const appetite = createAppetite(most);
    for (let i = 0; i < 9; i++) appetite.took(bodyOf(appetite.limits().rows, appetite.limits().bytes), 4_500);
    expect(appetite.limits()).toEqual({ rows: 64, bytes: 1 << 19, alone: 4_500_000 });
    appetite.took(bodyOf(64, 1 << 19), 3_000);
    expect(await admitted(appetite)).toBe(2);
  });

  it('halves again where that has made answers quicker, though not below a few rows', () => {
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
