import { expect, it } from 'vitest';
import { jsonBound } from '../../src/dashboards/json-bound.ts';
import { seededRandom } from '../seeded-random.ts';

it('jsonBound is never less than the number of bytes of the JSON', () => {
  const random = seededRandom(11);
  const below = (count: number) => Math.floor(random() * count);
  const doubles = new Float64Array(1);
  const bits = new Uint32Array(doubles.buffer);
  const double = () => {
    bits.set([below(2 ** 32), below(2 ** 32)]);
    return Number.isFinite(doubles[0]) ? (doubles[0] as number) : 0;
  };
  const text = () =>
    String.fromCharCode(...Array.from({ length: below(20) }, () => below(random() < 0.5 ? 128 : 2 ** 16)));
  const value = (depth: number): unknown => {
    const kind = below(depth > 3 ? 4 : 6);
    if (kind === 4) return Array.from({ length: below(6) }, () => value(depth + 1));
    if (kind === 5) return Object.fromEntries(Array.from({ length: below(6) }, () => [text(), value(depth + 1)]));
    return [double(), text(), null, random() < 0.5][kind];
  };
  for (const item of [
    -Number.MAX_VALUE,
    -Number.MIN_VALUE,
    -1e-300 / 3,
    '\u0001'.repeat(50),
    '\ud800',
    [],
    {},
    [[]],
    ['', ''],
  ]) {
    expect(jsonBound(item)).toBeGreaterThanOrEqual(Buffer.byteLength(JSON.stringify(item)));
  }
  for (let i = 0; i < 5000; i++) {
    const item = value(0);
    expect(jsonBound(item)).toBeGreaterThanOrEqual(Buffer.byteLength(JSON.stringify(item)));
  }
});
