import { expect, it } from 'vitest';
import { AppError } from '../../src/errors.ts';
import { sendWhenOpen } from '../../src/library/send-when-open.ts';
import type { UploadRun } from '../../src/upload/run.ts';

it.each([
  ['that had its lock breaks no lock that another run took meanwhile', 'locked', true],
  ['that had begun anew resumes what it began', 'begun', false],
  ['that was refused before it had its lock starts as it was told to', undefined, true],
] as const)('after its wait, a run %s', async (_, stage, restarts) => {
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
