import { AppError } from '../errors.ts';
import type { UploadRun } from '../upload/run.ts';
import { waitFor } from '../upload/wait-until.ts';

/**
 * Sends, and where the run waits, again once the server takes more requests of a kind, if it has told when (it makes ten
 * source sets an hour). Errors: those of `send`.
 */
export async function sendWhenOpen<T>({ wait, stop, onEvent }: UploadRun, send: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await send();
    } catch (error) {
      if (!wait || !(error instanceof AppError) || error.code !== 'paused') throw error;
      const { resume_at: until, wait_s } = error.details;
      if (typeof until !== 'string' || typeof wait_s !== 'number') throw error;
      onEvent({ type: 'waiting', until, why: error.message });
      await waitFor(wait_s * 1000, stop);
      if (stop.aborted) throw error;
    }
  }
}
