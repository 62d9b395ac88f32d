import { AppError } from '../errors.ts';
import type { UploadRun } from '../upload/run-job.ts';
import { waitFor } from '../upload/wait-until.ts';
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
      if (!options.wait || !(error instanceof AppError) || error.code !== 'paused') throw error;
      const { resume_at: until, wait_s } = error.details;
      if (typeof until !== 'string' || typeof wait_s !== 'number') throw error;
      onEvent({ type: 'waiting', until, why: error.message });
      await waitFor(wait_s * 1000, stop);
      if (stop.aborted) throw error;
    }
  }
}
