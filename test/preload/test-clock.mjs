// Preloaded into the real binary with `--import`: makes it use the clock in the folder that TEST_CLOCK names. A wait of
// a second or more is over as soon as nothing else is due before it, and the time in `ahead` is advanced by it, so that
// a sandbox that reads the same folder has the same time. `events` says when the machine sleeps (time passes, but its
// timers stand still) and when somebody sets its wall clock (which the sandbox does not see).
import { readFileSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { join } from 'node:path';
import timers from 'node:timers/promises';

const folder = process.env.TEST_CLOCK;
const events = JSON.parse(readFileSync(join(folder, 'events'), 'utf8'));
const RealDate = Date;
const real = { wait: timers.setTimeout, set: globalThis.setTimeout, clear: globalThis.clearTimeout };
/** How many milliseconds the time awake is ahead of the real time. */
let ahead = Number(readFileSync(join(folder, 'ahead'), 'utf8'));

const awake = () => RealDate.now() + ahead;
const passed = () => events.reduce((now, { at, asleep = 0 }) => (now >= at ? now + asleep : now), awake());
function wall() {
  const now = passed();
  return events.reduce((shown, { at, set = 0 }) => (now >= at ? shown + set : shown), now);
}

globalThis.Date = class extends RealDate {
  constructor(...given) {
    if (given.length === 0) super(wall());
    else super(...given);
  }
  static now() {
    return wall();
  }
};
const slept = () => passed() - awake();
const [aheadAtStart, sleptAtStart, sinceBoot] = [ahead, slept(), process.hrtime.bind(process)];
const elapsedMs = () => {
  const [seconds, nanoseconds] = sinceBoot();
  return seconds * 1000 + nanoseconds / 1e6 + ahead - aheadAtStart;
};
process.hrtime = () => [Math.floor(elapsedMs() / 1000), (elapsedMs() % 1000) * 1e6];
os.uptime = () => (elapsedMs() + slept() - sleptAtStart) / 1000;

/** Timers that are waited for; only those with `moves` make time advance. */
const waiting = new Set();
const isLong = (ms) => ms >= 1000 && ms !== exchangeMs;
/** The limit on a whole exchange runs in real time, as the exchange does. */
const exchangeMs = 300_000;
/** Timers due at once by any clock: time does not advance before they have fired, however busy the machine is. */
const dueNow = new Set();
const isDueNow = (ms) => ms < 50;

function moveOn() {
  if (dueNow.size > 0) return void setImmediate(moveOn);
  if (![...waiting].some(({ moves }) => moves)) return;
  const next = Math.min(...[...waiting].map(({ due }) => due));
  ahead += Math.max(0, next - awake());
  writeFileSync(join(folder, 'ahead'), String(ahead));
  for (const timer of [...waiting].filter(({ due }) => due <= awake())) timer.fire();
  setImmediate(moveOn);
}

timers.setTimeout = (ms, value, options) => {
  const { signal } = options ?? {};
  if (!isLong(ms) || signal?.aborted) return real.wait(ms, value, options);
  return new Promise((resolve, reject) => {
    const end = (settle) => () => {
      waiting.delete(timer);
      signal?.removeEventListener('abort', aborted);
      settle();
    };
    const timer = { due: awake() + ms, moves: true, fire: end(() => resolve(value)) };
    const aborted = end(() => reject(signal.reason));
    signal?.addEventListener('abort', aborted);
    waiting.add(timer);
    setImmediate(moveOn);
  });
};

globalThis.setTimeout = (work, ms, ...rest) => {
  if (isDueNow(ms)) return soon(work, ms, ...rest);
  if (!isLong(ms)) return real.set(work, ms, ...rest);
  const fire = () => {
    globalThis.clearTimeout(handle);
    work(...rest);
  };
  const handle = real.set(fire, ms);
  waiting.add({ due: awake() + ms, moves: false, fire, handle });
  return handle;
};
function soon(work, ms, ...rest) {
  const handle = real.set(() => {
    dueNow.delete(handle);
    work(...rest);
  }, ms);
  dueNow.add(handle);
  return handle;
}
globalThis.clearTimeout = (handle) => {
  dueNow.delete(handle);
  for (const timer of waiting) if (timer.handle !== undefined && timer.handle === handle) waiting.delete(timer);
  real.clear(handle);
};
syncBuiltinESMExports();
