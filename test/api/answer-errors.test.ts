import { expect, it } from 'vitest';
import { isTransient } from '../../src/api/answer-errors.ts';
import { openCommands } from '../cli/commands-here.ts';
import { fixture } from '../cli/fixtures.ts';
import { documentsOf } from '../cli/run-cli.ts';

it('treats 408, 425, 429 and every 5xx except 501 as transient', () => {
  const all = Array.from({ length: 200 }, (_, i) => 400 + i);
  const failing = all.filter((status) => status >= 500 && status !== 501);
  expect(all.filter(isTransient)).toEqual([408, 425, 429, ...failing]);
});

it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty', 'nonsense'])(
  'exits with code 10 on a refusal, even if the server gives it the code "%s"',
  async (code) => {
    const { run } = await openCommands(({ path }) =>
      path === '/api/vector/new'
        ? { kind: 'answer', commit: false, status: 403, body: JSON.stringify({ error: 'no', code }) }
        : undefined,
    );
    const vector = fixture('vectors/random-768-f32.npy');
    const ran = await run(['upload-vector', vector, '--model', 'gpt2-small', '--layer', '6', '--name', 'Refused']);
    expect(ran.code).toBe(10);
    expect(documentsOf(ran).at(-1)).toMatchObject({ type: 'error', code: 'refused', exitCode: 10 });
  },
);
