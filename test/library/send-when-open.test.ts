import { expect, it } from 'vitest';
import { AppError } from '../../src/errors.ts';
import { sendWhenOpen } from '../../src/library/send-when-open.ts';
import type { UploadRun } from '../../src/upload/run.ts';

it.each([
  ['has its lock breaks none that another run has taken meanwhile', 'locked', true],
  ['has begun anew goes on with that', 'begun', false],
  ['was refused before that begins as it was told to', undefined, true],
] as const)('a run that waits and %s', async (_, stage, restarts) => {
  const { signal } = new AbortController();
  const run = { wait: true, restart: true, forceUnlock: true, stop: signal, onEvent: () => undefined };
  const tries: UploadRun[] = [];
  const sent = await sendWhenOpen(run as unknown as UploadRun, async (now) => {
    tries.push(now);
    if (tries.length > 1) return 'sent';
    if (stage) now.onStage?.(stage);
    throw new AppError('paused', 'later', { details: { resume_at: new Date().toISOString(), wait_s: 0 } });
  });
  expect(sent).toBe('sent');
  expect(tries[0]).toMatchObject({ restart: true, forceUnlock: true });
  expect(tries[1]).toMatchObject({ restart: restarts, forceUnlock: stage === undefined });
});
