import { afterAll, describe } from 'vitest';
import { answerProperties, closeWorlds } from '../fuzz/answers.ts';
import { arrowProperties } from '../fuzz/arrow.ts';
import { damagedFixtureProperties } from '../fuzz/fixtures-damaged.ts';
import { jsonProperties } from '../fuzz/json.ts';
import { layoutProperties } from '../fuzz/layouts.ts';
import { npyProperties } from '../fuzz/npy.ts';
import { npzProperties } from '../fuzz/npz.ts';
import { testMany } from '../fuzz/property.ts';
import { recordProperties } from '../fuzz/records.ts';
import { safetensorsProperties } from '../fuzz/safetensors.ts';
import { stateProperties } from '../fuzz/state.ts';

/** How many times each property is tried, as a multiple of `TEST_ALL=1 npm test`. */
const factor = Number(process.env.FUZZ_RUNS ?? 100);
const cases = new Map<string, number>();

afterAll(async () => {
  await closeWorlds();
  const lines = [...cases].map(
    ([reader, count]) => `${reader.padEnd(28)}${count.toLocaleString('en-US').padStart(12)}`,
  );
  console.log(['cases by reader', ...lines].join('\n'));
});

describe(`malformed files and answers (FUZZ_RUNS ${factor})`, () => {
  const properties = [
    ...[...npyProperties, ...npzProperties, ...safetensorsProperties, ...arrowProperties, ...jsonProperties],
    ...[...damagedFixtureProperties, ...recordProperties, ...layoutProperties, ...stateProperties, ...answerProperties],
  ];
  testMany(properties, factor, ({ reader }, count) => cases.set(reader, (cases.get(reader) ?? 0) + count));
});
