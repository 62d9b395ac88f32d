import { AppError } from '../errors.ts';
import type { UploadRun } from '../upload/run-job.ts';
import { waitUntil } from '../upload/wait-until.ts';
import type { CommandContext } from './context.ts';

/**
 * Sends, and with `--wait` again where the server has told when it takes more requests of a kind (it makes ten source
 * sets an hour). Errors: those of `send`.
 */
export async function sendWhenOpen<T>(
  { options, stop }: CommandContext,
  { onEvent }: UploadRun,
  send: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await send();
    } catch (error) {
      const until = options.wait && error instanceof AppError && error.code === 'paused' && error.details.resume_at;
      if (typeof until !== 'string') throw error;
      onEvent({ type: 'waiting', until, why: (error as AppError).message });
      await waitUntil(new Date(until), stop);
      if (stop.aborted) throw error;
    }
  }
}
