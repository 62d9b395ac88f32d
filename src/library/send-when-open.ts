import { AppError, reopeningOf } from '../errors.ts';
import type { UploadRun } from '../upload/run.ts';
import { waitFor } from '../wait-for.ts';

/**
 * Calls `send`. If the server takes no more requests of a kind for now (it creates ten source sets an hour) and says when it
 * will, a run that may wait calls `send` again at that time. Errors: those of `send`.
 */
export async function sendWhenOpen<T>(given: UploadRun, send: (run: UploadRun) => Promise<T>): Promise<T> {
  const { wait, stop, onEvent } = given;
  let { restart, forceUnlock } = given;
  // The next call must not break a lock that another run took while this one slept, or restart what it has begun anew.
  const onStage = (stage: 'locked' | 'begun') => {
    forceUnlock = false;
    if (stage === 'begun') restart = false;
  };
  for (;;) {
    try {
      return await send({ ...given, restart, forceUnlock, onStage });
    } catch (error) {
      if (!wait || !(error instanceof AppError) || error.code !== 'paused') throw error;
      const { resumeAt, waitMs } = reopeningOf(error);
      if (resumeAt === undefined || waitMs === undefined) throw error;
      onEvent({ type: 'waiting', until: resumeAt.toISOString(), why: error.message });
      await waitFor(waitMs, stop);
      if (stop.aborted) throw error;
    }
  }
}
