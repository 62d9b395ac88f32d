// Preloaded into the real binary with `--import`: makes undici's clock, which ticks twice a second, tick without a pause, and
// the time that the tool measures pass with it. A server that says nothing for minutes then does so for a moment.

import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';

const tickMs = 499;
const [set, sinceBoot] = [globalThis.setTimeout, process.hrtime.bind(process)];
let ahead = 0;
globalThis.setTimeout = (work, ms, ...rest) => {
  if (ms !== tickMs) return set(work, ms, ...rest);
  return set(() => {
    ahead += tickMs;
    work(...rest);
  }, 0);
};
process.hrtime = () => {
  const [seconds, nanoseconds] = sinceBoot();
  const ms = nanoseconds / 1e6 + ahead;
  return [seconds + Math.floor(ms / 1000), (ms % 1000) * 1e6];
};
// The pauses between tries.
timers.setTimeout = async () => undefined;
syncBuiltinESMExports();
