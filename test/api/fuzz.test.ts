import { afterAll, expect, test } from 'vitest';
import { answerProperties, closeWorlds, failingCommands } from '../fuzz/answers.ts';
import { testSome } from '../fuzz/property.ts';

afterAll(closeWorlds);

test('without a lie every one of these commands succeeds', async () => {
  expect(await failingCommands()).toEqual([]);
});

testSome(answerProperties);
