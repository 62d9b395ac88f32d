// Preloaded into the tool: makes each fsync take BENCH_FSYNC_MS longer, as on a slow disk.
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const probe = await open(process.execPath);
const prototype = Object.getPrototypeOf(probe);
await probe.close();
for (const name of ['sync', 'datasync']) {
  const real = prototype[name];
  prototype[name] = async function () {
    await sleep(Number(process.env.BENCH_FSYNC_MS));
    return real.call(this);
  };
}
