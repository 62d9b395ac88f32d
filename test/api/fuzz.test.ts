import { afterAll, expect, test } from 'vitest';
import { answerProperties, closeWorlds, failingCommands } from '../fuzz/answers.ts';
import { testSome } from '../fuzz/property.ts';

afterAll(closeWorlds);

test('every fuzzed command succeeds while the server answers truthfully', async () => {
  expect(await failingCommands()).toEqual([]);
});

testSome(answerProperties);
