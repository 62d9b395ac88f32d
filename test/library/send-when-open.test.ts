import { expect, it } from 'vitest';
import { AppError } from '../../src/errors.ts';
import { sendWhenOpen } from '../../src/library/send-when-open.ts';
import type { UploadRun } from '../../src/upload/run.ts';

it.each([
  ['goes on with what it has begun anew', true],
  ['begins anew what it had not begun', false],
])('a run that waits %s', async (_, begins) => {
  const { signal } = new AbortController();
  const run = { wait: true, restart: true, forceUnlock: true, stop: signal, onEvent: () => undefined };
  const tries: UploadRun[] = [];
  const sent = await sendWhenOpen(run as unknown as UploadRun, async (now) => {
    tries.push(now);
    if (tries.length > 1) return 'sent';
    if (begins) now.onEvent({ type: 'progress', confirmed: 0, total: 1 });
    throw new AppError('paused', 'later', { details: { resume_at: new Date().toISOString(), wait_s: 0 } });
  });
  expect(sent).toBe('sent');
  expect(tries[0]).toMatchObject({ restart: true, forceUnlock: true });
  // A lock that another run has taken while this one slept is not broken either.
  expect(tries[1]).toMatchObject({ restart: !begins, forceUnlock: !begins });
});
