// Preloaded into a measured process with `--require`, which loads nothing else of Node (`--import` takes 15 ms). When
// the process ends, writes what it has used to BENCH_METER, in microseconds and kilobytes.
const { existsSync, readFileSync, writeFileSync } = require('node:fs');

const status = '/proc/self/status';
/** Returns the peak memory of this program alone, on Linux: `maxRSS` starts from that of the parent process. */
const highWater = () => existsSync(status) && Number(/VmHWM:\s+(\d+)/.exec(readFileSync(status, 'utf8'))?.[1]);

process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  writeFileSync(
    process.env.BENCH_METER,
    JSON.stringify({ cpuUs: userCPUTime + systemCPUTime, peakKb: highWater() || maxRSS }),
  );
});
