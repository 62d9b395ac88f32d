import { AppError } from '../errors.ts';

const timeIsUp: unique symbol = Symbol('time is up');

/** How people are told that the time is up. */
export const timeIsUpText = 'the time allowed by --max-duration is up';

/** The reason with which `--max-duration` aborts a run's `stop` signal; also thrown if no job can report how it stands. */
export function timeUp(): AppError {
  return new AppError('paused', timeIsUpText, {
    hints: ['run the same command again to continue'],
    details: { resume_at: new Date().toISOString() },
    cause: timeIsUp,
  });
}

/** Whether an error, or the reason of a signal, comes from `timeUp`. */
export function isTimeUp(reason: unknown): reason is AppError {
  return reason instanceof AppError && reason.cause === timeIsUp;
}
