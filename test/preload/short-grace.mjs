// Preloaded into the real binary with `--import`: shortens its grace after a signal from 10 s to 0.1 s.
const wait = globalThis.setTimeout;
globalThis.setTimeout = (work, ms, ...rest) => wait(work, ms === 10_000 ? 100 : ms, ...rest);
