import { AppError, reopeningOf } from '../errors.ts';
import type { OnEvent } from '../upload/events.ts';
import type { UploadRun } from '../upload/run.ts';
import { waitFor } from '../wait-for.ts';

/**
 * Sends, and where the run waits, again once the server takes more requests of a kind, if it has told when (it makes ten
 * source sets an hour). Errors: those of `send`.
 */
export async function sendWhenOpen<T>(given: UploadRun, send: (run: UploadRun) => Promise<T>): Promise<T> {
  const { wait, stop, onEvent } = given;
  // What was begun anew is gone on with after a wait, and a lock that somebody has taken meanwhile is not broken.
  let isBegun = false;
  const tell: OnEvent = (event) => {
    isBegun ||= event.type === 'progress';
    onEvent(event);
  };
  for (;;) {
    try {
      return await send({ ...given, onEvent: tell, ...(isBegun ? { restart: false, forceUnlock: false } : {}) });
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
