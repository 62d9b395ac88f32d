import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/errors.ts';
import { timeUp } from '../../src/upload/time-limit.ts';
import type { Fault } from '../upload/fault-proxy.ts';
import { openCommands } from './commands-here.ts';
import { fixture, tinySae } from './fixtures.ts';
import { documentsOf } from './run-cli.ts';

it('looks up an explanation or a score whose answer was lost instead of paying for it again', async () => {
  const [explain, score] = ['/api/explanation/generate', '/api/explanation/score'];
  // The first explain request only asks whether the server would explain, so the second one is spoiled.
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
  const again = await run(['upload-sae', tinySae, '--sae-id', 'lost', ...examples, ...after]);
  expect(documentsOf(again).filter(({ type }) => type === 'explanation')).toMatchObject([
    { isNew: false, scores: { eleuther_fuzz: expect.any(Number) } },
  ]);
  expect(asked(score)).toBe(1);
});

it.each([
  ['a signal', new AppError('interrupted', 'stopped'), 130, 'interrupted'],
  ['the time limit', timeUp(), 8, 'paused'],
] as const)('running the same command again fills a list cut short by %s', async (_what, reason, exitCode, code) => {
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

describe('explaining features after an upload', () => {
  const explain = '/api/explanation/generate';
  const command = ['upload-sae', tinySae, '--sae-id', 'many', '--features', '0-19'];
  const examples = ['--activations', fixture('sae-tiny/activations.jsonl'), '--auto-interp', '--interp-limit', '20'];
  const lastJob = (ran: Parameters<typeof documentsOf>[0]) => documentsOf(ran).at(-1).jobs[0];
  const answer = (status: number): Fault => ({
    ...{ kind: 'answer', commit: false, status, body: '{"error":"no"}' },
    headers: { 'retry-after': '0' },
  });

  it('stops when the time is up and says how many features were attempted', async () => {
    const stop = new AbortController();
    const { run, asked } = await openCommands(({ path }, nth) => {
      if (path === explain && nth === 3) stop.abort(timeUp());
      return undefined;
    });
    const ran = await run([...command, ...examples], stop.signal);
    expect(ran.code).toBe(8);
    expect(ran.stderr).toContain('before that, explaining or scoring was attempted for 3 of 20 features');
    expect(documentsOf(ran).at(-1)).toMatchObject({ status: 'paused' });
    expect(lastJob(ran)).toMatchObject({ status: 'done', afterwards: { code: 'paused' } });
    expect(lastJob(ran).explanations).toHaveLength(3);
    // One of the four only asks whether the server would explain.
    expect(asked(explain)).toBe(4);
  });

  it.each([
    ['no longer accepts the key', 401, 4, 'authentication_failed', 4],
    ['fails for two features in a row', 500, 5, 'server_failing', 11],
  ] as const)('stops when the server %s', async (_, status, code, name, requests) => {
    const { run, asked } = await openCommands(({ path }, nth) =>
      path === explain && nth > 2 ? answer(status) : undefined,
    );
    const ran = await run([...command, ...examples]);
    expect(ran.code).toBe(code);
    expect(documentsOf(ran).at(-1)).toMatchObject({ status: 'failed' });
    expect(lastJob(ran)).toMatchObject({ status: 'done', afterwards: { code: name } });
    expect(ran.stderr).toContain('neuronpedia: error: the upload is done, but a later step did not finish: ');
    expect(asked(explain)).toBe(requests);
  });

  it('warns when there is no explanation to score', async () => {
    const { run } = await openCommands();
    const score = ['--score', 'fuzz', '--interp-limit', '2'];
    const ran = await run(['upload-sae', tinySae, '--sae-id', 'none', '--features', '0-3', ...score]);
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining('warning: nothing was scored') });
  });

  it('still reports the explanations if scoring them fails', async () => {
    const { run } = await openCommands(({ path }) => (path === '/api/explanation/score' ? answer(400) : undefined));
    const ran = await run([...command, ...examples, '--features', '0-1', '--score', 'fuzz']);
    expect(ran.code).toBe(10);
    const made = { isNew: true, text: expect.stringContaining('stand-in'), scores: {} };
    expect(documentsOf(ran).filter(({ type }) => type === 'explanation')).toMatchObject([made, made]);
    expect(lastJob(ran)).toMatchObject({ explanations: [made, made], notExplained: [{}, {}] });
  });

  it('continues after a feature that is refused', async () => {
    const { run, asked } = await openCommands(({ path }, nth) =>
      path === explain && nth === 2 ? answer(400) : undefined,
    );
    const ran = await run([...command, ...examples]);
    expect(ran.code).toBe(10);
    expect(lastJob(ran).notExplained).toMatchObject([{ id: 'tiny-kjv-4l/1-many/1', code: 'refused' }]);
    expect(lastJob(ran).explanations).toHaveLength(19);
    expect(asked(explain)).toBe(21);
  });
});
