/** The reason that a run's `stop` signal is aborted with where no person stopped it: its time is up. */
export const timeIsUp: unique symbol = Symbol('time is up');
