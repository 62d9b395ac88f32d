// Preloaded into a measured process: writes what it has used to BENCH_METER when it ends. Microseconds and kilobytes.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const status = '/proc/self/status';
/** What Linux says of this program alone: `maxRSS` begins with that of whoever started it. */
const highWater = () => existsSync(status) && Number(/VmHWM:\s+(\d+)/.exec(readFileSync(status, 'utf8'))?.[1]);

process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  writeFileSync(
    process.env.BENCH_METER,
    JSON.stringify({ cpuUs: userCPUTime + systemCPUTime, peakKb: highWater() || maxRSS }),
  );
});
