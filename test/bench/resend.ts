// The limit: posts bodies made beforehand, with undici and nothing else. `node resend.mjs URL FILE INFLIGHT`
// FILE holds them one after another, each after its length. Prints the milliseconds of the sending alone.
import { readFileSync } from 'node:fs';
import { Pool } from 'undici';

const [url, file, inFlight] = process.argv.slice(2) as [string, string, string];
const all = readFileSync(file);
const bodies: Buffer[] = [];
for (let at = 0; at < all.length; ) {
  const start = all.indexOf('\n', at) + 1;
  at = start + Number(all.toString('latin1', at, start - 1));
  bodies.push(all.subarray(start, at));
}
const pool = new Pool(url, { connections: Number(inFlight), pipelining: 1 });
const headers = { 'content-type': 'application/json', 'x-api-key': 'sandbox-bulk' };

let next = 0;
async function sendAll() {
  while (next < bodies.length) {
    const body = bodies[next++] as Buffer;
    const answer = await pool.request({ method: 'POST', path: '/api/feature/upload-batch', headers, body });
    await answer.body.text();
  }
}
const started = performance.now();
await Promise.all(Array.from({ length: Number(inFlight) }, sendAll));
console.log(performance.now() - started);
await pool.close();
