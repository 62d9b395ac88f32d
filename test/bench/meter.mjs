// Preloaded into a measured process: writes what it has used to BENCH_METER when it ends. Microseconds and kilobytes.
import { writeFileSync } from 'node:fs';

process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  writeFileSync(process.env.BENCH_METER, JSON.stringify({ cpuUs: userCPUTime + systemCPUTime, peakKb: maxRSS }));
});
