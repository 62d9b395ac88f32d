import { readdirSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findSaes } from '../../src/layouts/find.ts';
import type { Sae } from '../../src/layouts/sae.ts';
import { matrixOf } from '../../src/tensor/tensor.ts';
import { firstDifference, fixture } from '../fixtures.ts';
import { readRows } from '../tensor/logical-order.ts';
import { found } from './found.ts';

/** What the writer of `fixtures/layouts` says that a reader must find. */
interface Promised {
  readonly path: string;
  readonly decoder: string;
  readonly orientation: [value: string, from: string];
  readonly features: number;
  readonly width: number;
  readonly values: 'place' | 'powers';
  readonly facts: object;
  readonly head?: { readonly index: number; readonly of: number };
}

type Case = { readonly saes: readonly Promised[] } | { readonly code: string; readonly says: string };

const root = fixture('layouts');
const cases = Object.entries(
  JSON.parse(readFileSync(fixture('layouts', 'expected.json'), 'utf8')) as Record<string, Case>,
);

/** Returns the value that the fixtures have in row i and column j of a decoder. */
function valueAt({ values, head }: Promised, i: number, j: number): number {
  return values === 'powers' ? (i + 1) * 2 ** (j - 8) : 4096 * (head?.index ?? 0) + i + j / 1024;
}

async function expectRows(sae: Sae, promised: Promised): Promise<void> {
  const matrix = matrixOf(sae.decoder, sae.orientation!.value);
  expect(matrix).toMatchObject({ rows: promised.features, width: promised.width });
  const expected = Float32Array.from({ length: promised.features * promised.width }, (_, at) =>
    valueAt(promised, Math.floor(at / promised.width), at % promised.width),
  );
  expect(firstDifference(await readRows(matrix), expected)).toBeUndefined();
}

/** Describes an SAE in the form of the promise. */
function asPromised(name: string, { path, decoder, orientation, facts, file: _, ...rest }: Sae) {
  const known = { path: relative(`${root}/${name}`, path), decoder: decoder.name, facts, ...rest };
  return { ...known, orientation: orientation && [orientation.value, orientation.from] };
}

describe('a folder as its trainer writes it', () => {
  const readable = cases.flatMap(([name, one]) => ('saes' in one ? [[name, one.saes] as const] : []));

  test.each(readable)('%s: every SAE is found with its facts and their sources', async (name, promised) => {
    const saes = await found(fixture('layouts', name));
    const words = promised.map(({ features: _f, width: _w, values: _v, ...words }) => words);
    expect(saes.map((sae) => asPromised(name, sae))).toEqual(words);
  });

  test.each(readable)('%s: row i of the decoder is feature i', async (name, promised) => {
    const saes = await found(fixture('layouts', name));
    for (const [i, sae] of saes.entries()) await expectRows(sae, promised[i] as Promised);
    expect(saes).toHaveLength(promised.length);
  });
});

describe('a folder that cannot be uploaded', () => {
  const refused = cases.flatMap(([name, one]) => ('code' in one ? [[name, one.code, one.says] as const] : []));

  test.each(refused)('%s is refused: %s, %s', async (name, code, says) => {
    const failure = expect(findSaes(fixture('layouts', name))).rejects;
    await failure.toMatchObject({ code, exitCode: 6, message: expect.stringContaining(says) });
  });
});

test('every fixture folder is covered, except the one of files that are opened by themselves', () => {
  const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const names = folders.map(({ name }) => name).filter((name) => name !== 'crosscoder-bare');
  expect(cases.map(([name]) => name).sort()).toEqual(names.sort());
  expect(cases.length).toBeGreaterThan(35);
});
