// What people write first: the whole file in memory, JSON.stringify, fetch.
// `node naive.mjs URL FILE ROWS WIDTH BATCH INFLIGHT`
import { readFileSync } from 'node:fs';

const [url, file, ...numbers] = process.argv.slice(2) as [string, string, ...string[]];
const [rows, width, batch, inFlight] = numbers.map(Number) as [number, number, number, number];

const bytes = readFileSync(file);
const start = 10 + bytes.readUInt16LE(8);
const values = new Float32Array(
  bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + start + 4 * rows * width),
);

let next = 0;
async function sendAll() {
  while (next < rows) {
    const first = next;
    next = Math.min(rows, first + batch);
    const features = [];
    for (let row = first; row < next; row++) {
      features.push({ index: row, vector: Array.from(values.subarray(row * width, (row + 1) * width)) });
    }
    const response = await fetch(`${url}/api/feature/upload-batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': 'sandbox-bulk' },
      body: JSON.stringify({ modelId: 'bench', source: '1-bench', features }),
    });
    if (!response.ok) throw new Error(String(response.status));
    await response.text();
  }
}
await Promise.all(Array.from({ length: inFlight }, sendAll));
