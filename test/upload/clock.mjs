// Preloaded into the real binary with `--import`: it tells the time of the file that TEST_CLOCK names, and a wait of a
// second or more is over at once, with the file's time put forward by it. Whoever else reads the file has the same time.
import { readFileSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';

const file = process.env.TEST_CLOCK;
const RealDate = Date;
const wait = timers.setTimeout;
/** Milliseconds that this clock is before the real one. */
let ahead = Number(readFileSync(file, 'utf8'));

globalThis.Date = class extends RealDate {
  constructor(...given) {
    if (given.length === 0) super(RealDate.now() + ahead);
    else super(...given);
  }
  static now() {
    return RealDate.now() + ahead;
  }
};

timers.setTimeout = (ms, value, options) => {
  if (!(ms >= 1000) || options?.signal?.aborted) return wait(ms, value, options);
  ahead += ms;
  writeFileSync(file, String(ahead));
  return wait(0, value, options);
};
syncBuiltinESMExports();
