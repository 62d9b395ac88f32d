import { describe, expect, it } from 'vitest';
import { borrowBuffer, floatWriter, returnBuffer } from '../../src/encode/floats.ts';
import { bodies } from '../../src/upload/bodies.ts';
import { type Body, bodyHash, bodyOf, bodyRows, createBufferPool, halveBody } from '../../src/upload/body.ts';
import type { BodyFormat } from '../../src/upload/delivery.ts';

const format: BodyFormat = {
  before: '{"modelId":"m","note":"é","features":[',
  after: ']}',
  values: true,
  around: () => (row) => ({ before: `{"index":${row},"vector":[`, after: ']}' }),
};
const width = 3;

async function* blocksOf(rows: number, perBlock: number) {
  const values = new Float32Array(perBlock * width);
  for (let start = 0; start < rows; start += perBlock) {
    const count = Math.min(perBlock, rows - start);
    for (let i = 0; i < count * width; i++) values[i] = (start * width + i) / 7;
    yield { start, count, width, values };
  }
}

interface Parsed {
  modelId: string;
  note: string;
  features: { index: number; vector: number[] }[];
}

const parse = (body: Body) => JSON.parse(Buffer.from(body.bytes).toString()) as Parsed;

async function collect(most: { rows: number; bytes: number }): Promise<{ parsed: Parsed[]; sizes: number[] }> {
  const parsed: Parsed[] = [];
  const sizes: number[] = [];
  for await (const body of bodies(
    blocksOf(50, 8),
    format,
    () => ({ ...most, alone: most.bytes }),
    createBufferPool(),
  )) {
    parsed.push(parse(body));
    sizes.push(body.bytes.length);
    body.release();
  }
  return { parsed, sizes };
}

describe('request bodies', () => {
  it('hold every row once, in order and across blocks, with values equal bit for bit', async () => {
    const { parsed } = await collect({ rows: 7, bytes: 1e6 });
    const features = parsed.flatMap((body) => body.features);
    expect(features.map(({ index }) => index)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    for (const { index, vector } of features) {
      expect(vector.map(Math.fround)).toEqual([0, 1, 2].map((i) => Math.fround((index * width + i) / 7)));
    }
    expect(parsed.map(({ features: { length } }) => length)).toEqual([7, 7, 7, 7, 7, 7, 7, 1]);
    expect(parsed[0]).toMatchObject({ modelId: 'm', note: 'é' });
  });

  it('never exceed the limit of bytes', async () => {
    const { parsed, sizes } = await collect({ rows: 1000, bytes: 400 });
    expect(Math.max(...sizes)).toBeLessThanOrEqual(400);
    expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThan(300);
    expect(parsed.flatMap((body) => body.features)).toHaveLength(50);
  });

  it('refuse a row that is too large on its own, naming its number', async () => {
    await expect(collect({ rows: 10, bytes: 60 })).rejects.toThrow(
      /row 0: takes \d+ bytes as JSON; the largest body allowed is 60/,
    );
  });

  it('give back every borrowed buffer: when released, outgrown, left unfinished, or ended by an error', async () => {
    floatWriter();
    const lent = () => {
      const all: Buffer[] = [];
      for (let buffer = borrowBuffer(); buffer; buffer = borrowBuffer()) all.push(buffer);
      all.forEach(returnBuffer);
      return all.length;
    };
    const before = lent();
    expect(before).toBeGreaterThan(8);
    await collect({ rows: 7, bytes: 1e6 });
    await expect(collect({ rows: 10, bytes: 60 })).rejects.toThrow();
    const limits = () => ({ rows: 7, bytes: 1e6, alone: 1e6 });
    for await (const body of bodies(blocksOf(50, 8), format, limits, createBufferPool())) {
      expect(lent()).toBe(before - 1);
      body.release();
      break;
    }
    const outgrown = createBufferPool();
    const memory = new Set<ArrayBufferLike>();
    const wide = { ...format, around: () => () => ({ before: `"${'x'.repeat(4 << 20)}"`, after: '' }) };
    const roomy = () => ({ rows: 3, bytes: 1e9, alone: 1e9 });
    for await (const body of bodies(blocksOf(12, 6), wide, roomy, outgrown)) {
      expect(body.bytes.length).toBeGreaterThan(8 << 20);
      expect(lent()).toBe(before);
      memory.add(body.bytes.buffer);
      body.release();
      body.release();
    }
    expect(memory.size).toBe(1);
    const [one, other] = [outgrown.take(), outgrown.take()];
    expect(one === other).toBe(false);
    [one, other].forEach(outgrown.give);
    expect(lent()).toBe(before);
  });

  it('split into two complete bodies of the same rows', async () => {
    const pool = createBufferPool();
    const { value: body } = await bodies(
      blocksOf(5, 5),
      format,
      () => ({ rows: 10, bytes: 1e6, alone: 1e6 }),
      pool,
    ).next();
    const halves = halveBody(body as Body, format, pool);
    expect(halves.map(bodyRows)).toEqual([[[0, 3]], [[3, 5]]]);
    expect(halves.flatMap((half) => parse(half).features)).toEqual(parse(body as Body).features);
    const some = bodyOf(
      body as Body,
      (body as Body).pieces.filter(({ row }) => row % 2 === 0),
      format,
      pool,
    );
    expect(parse(some).features.map(({ index }) => index)).toEqual([0, 2, 4]);
  });

  it('have a hash that changes with any byte of a small body and with the row format of a large one', () => {
    const rows = (count: number, value: (row: number) => string) =>
      Buffer.from(Array.from({ length: count }, (_, row) => `{"index":${row},"vector":[${value(row)}]}`).join(','));
    const value = (row: number) => `0.${row % 7}25`;
    for (const count of [3, 300, 30_000]) {
      const hash = bodyHash({ bytes: rows(count, value) });
      expect(bodyHash({ bytes: rows(count, value) })).toBe(hash);
      const others = [(row: number) => `${value(row)}0`, (row: number) => `.${row % 7}250`, () => '0.125'];
      for (const other of others) expect(bodyHash({ bytes: rows(count, other) })).not.toBe(hash);
    }
    // What follows the values of long rows differs, in the same number of bytes.
    const large = rows(8, () => '0.25,'.repeat(12_000));
    const differently = Buffer.from(large.toString().replaceAll(']}', ')}'));
    expect(bodyHash({ bytes: differently })).not.toBe(bodyHash({ bytes: large }));
    const small = rows(300, value);
    const hashes = Array.from(small, (_, at) => {
      const bytes = Buffer.from(small);
      bytes[at] = (bytes[at] as number) ^ 1;
      return bodyHash({ bytes });
    });
    expect(hashes).not.toContain(bodyHash({ bytes: small }));
  });
});
