/**
 * Milliseconds since this process began, by a clock that nobody sets. `performance.now()` says the same, and takes 3 ms of a
 * start to load what else measures programs.
 */
export function elapsedMs(): number {
  return sinceBootMs() - beganMs;
}

function sinceBootMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

const beganMs = sinceBootMs() - process.uptime() * 1000;
