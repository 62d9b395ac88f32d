import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { fixturesIn } from '../formats/promises.ts';
import { damage, damaged } from './damage.ts';
import { keepsPromise } from './promise.ts';
import { type Property, property } from './property.ts';
import { expectSound, withFile } from './reading.ts';

/** Lists the fixtures that are small enough for a random position to hit something that matters. */
function smallFixtures(folder: string, largest: number): string[] {
  const small = fixturesIn(folder)
    .map(([, path]) => path)
    .filter((path) => statSync(path).size <= largest);
  if (small.length < 10) throw new Error(`only ${small.length} small fixtures in ${folder}`);
  return small;
}

/** Damages files of the formats' own writers. Each must be refused, or read within its bounds. */
function damagedFixtures(folder: string, largest: number, runs: number): Property {
  const files = fc.constantFrom(...smallFixtures(folder, largest));
  return property(
    folder,
    'a damaged fixture is refused or lies inside its file',
    runs,
    fc.tuple(files, damage),
    async ([original, edits], { folder }) => {
      const path = join(folder, basename(original));
      const bytes = damaged(readFileSync(original), edits);
      writeFileSync(path, bytes);
      await keepsPromise({ path, bytes: bytes.length }, () => withFile(path, expectSound));
    },
  );
}

export const damagedFixtureProperties: readonly Property[] = [
  damagedFixtures('npy', 2000, 150),
  damagedFixtures('npz', 2000, 150),
  damagedFixtures('safetensors', 2000, 150),
  damagedFixtures('arrow', 4000, 300),
  damagedFixtures('json', 2000, 150),
];
