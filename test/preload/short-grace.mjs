// Preloaded into the real binary with `--import`: its ten seconds of grace after a signal are over in a tenth of one.
const wait = globalThis.setTimeout;
globalThis.setTimeout = (work, ms, ...rest) => wait(work, ms === 10_000 ? 100 : ms, ...rest);
