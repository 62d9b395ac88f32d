import { expect, it } from 'vitest';
import { AppError } from '../../src/errors.ts';
import { timeUp } from '../../src/upload/time-limit.ts';
import { openCommands } from './commands-here.ts';
import { fixture, tinySae } from './fixtures.ts';
import { documentsOf } from './run-cli.ts';

it('an explanation or a score whose answer was lost is looked for, and not paid for again', async () => {
  const [explain, score] = ['/api/explanation/generate', '/api/explanation/score'];
  // The first of these only asks whether the server would explain.
  const { run, asked } = await openCommands(({ path }, nth) =>
    (path === explain && nth === 1) || (path === score && nth === 0) ? { kind: 'reset-after' } : undefined,
  );
  const examples = ['--activations', fixture('sae-tiny/activations.jsonl'), '--features', '3'];
  const after = ['--auto-interp', '--interp-limit', '1', '--score', 'fuzz'];
  const ran = await run(['upload-sae', tinySae, '--sae-id', 'lost', ...examples, ...after]);
  expect(ran.code, ran.stderr).toBe(0);
  const explained = documentsOf(ran).filter(({ type }) => type === 'explanation');
  expect(explained).toMatchObject([{ isNew: true, scores: { eleuther_fuzz: expect.any(Number) } }]);
  expect([asked(explain), asked(score)]).toEqual([2, 1]);
});

it.each([
  ['a signal', new AppError('interrupted', 'stopped'), 130, 'interrupted'],
  ['the end of its time', timeUp(), 8, 'paused'],
] as const)('a list that %s stops is filled by the same command', async (_what, reason, exitCode, code) => {
  const stop = new AbortController();
  const { run, query } = await openCommands(({ path }) => {
    if (path === '/api/list/add-features') stop.abort(reason);
    return undefined;
  });
  const listed = () => query('SELECT 1 FROM list_features').length;
  const command = ['upload-sae', tinySae, '--sae-id', 'long', '--features', '0-119', '--list', 'Long'];
  const stopped = await run(command, stop.signal);
  expect(stopped.code).toBe(exitCode);
  expect(documentsOf(stopped).at(-1).jobs).toMatchObject([{ status: 'done', afterwards: { code } }]);
  expect(listed()).toBe(100);
  expect(await run(command)).toMatchObject({ code: 0 });
  expect(listed()).toBe(120);
});
