import { AppError } from '../errors.ts';
import type { UploadRun } from '../upload/run.ts';
import { waitUntil } from '../upload/wait-until.ts';

/**
 * Sends, and where the run waits, again once the server takes more requests of a kind, if it has told when (it makes ten
 * source sets an hour). Errors: those of `send`.
 */
export async function sendWhenOpen<T>({ wait, stop, onEvent }: UploadRun, send: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await send();
    } catch (error) {
      const until = wait && error instanceof AppError && error.code === 'paused' && error.details.resume_at;
      if (typeof until !== 'string') throw error;
      onEvent({ type: 'waiting', until, why: (error as AppError).message });
      await waitUntil(new Date(until), stop);
      if (stop.aborted) throw error;
    }
  }
}
