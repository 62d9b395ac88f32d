// Preloaded into the real binary with `--import`: shortens its grace after a signal from 10 s to 0.1 s,
// and says so: a test that waits for another grace can tell.
const wait = globalThis.setTimeout;
globalThis.setTimeout = (work, ms, ...rest) => {
  if (ms !== 10_000) return wait(work, ms, ...rest);
  process.stderr.write('ten seconds shortened\n');
  return wait(work, 100, ...rest);
};
