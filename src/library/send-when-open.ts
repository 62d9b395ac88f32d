import { AppError, reopeningOf } from '../errors.ts';
import type { UploadRun } from '../upload/run.ts';
import { waitFor } from '../wait-for.ts';

/**
 * Sends, and where the run waits, again once the server takes more requests of a kind, if it has told when (it makes ten
 * source sets an hour). Errors: those of `send`.
 */
export async function sendWhenOpen<T>(given: UploadRun, send: (run: UploadRun) => Promise<T>): Promise<T> {
  const { wait, stop, onEvent } = given;
  let { restart, forceUnlock } = given;
  // A lock that another run has taken while this one slept is its own, and what was begun anew is gone on with.
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
