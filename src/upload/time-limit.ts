import { AppError } from '../errors.ts';

/** The reason that a run's `stop` signal is aborted with where no person stopped it: its time is up. */
export const timeIsUp: unique symbol = Symbol('time is up');

/** The error for what the end of the time cut off before any job could report how it stands. */
export function timeUp(): AppError {
  return new AppError('paused', 'the time of --max-duration is up', {
    hints: ['run the same command again to go on'],
    details: { resume_at: new Date().toISOString() },
    cause: timeIsUp,
  });
}

/** Whether an error is that of `timeUp`. */
export function isTimeUp(error: unknown): error is AppError {
  return error instanceof AppError && error.cause === timeIsUp;
}
