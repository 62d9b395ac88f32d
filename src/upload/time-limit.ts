import { AppError } from '../errors.ts';

const timeIsUp: unique symbol = Symbol('time is up');

/** What people are told of it. */
export const timeIsUpText = 'the time of --max-duration is up';

/** With what the end of `--max-duration` aborts a run's `stop` signal, and what is thrown where no job could report how it stands. */
export function timeUp(): AppError {
  return new AppError('paused', timeIsUpText, {
    hints: ['run the same command again to go on'],
    details: { resume_at: new Date().toISOString() },
    cause: timeIsUp,
  });
}

/** Whether an error, or the reason of a signal, is that of `timeUp`. */
export function isTimeUp(reason: unknown): reason is AppError {
  return reason instanceof AppError && reason.cause === timeIsUp;
}
