// A server with the upload protocol that stores nothing: `node sink.mjs null|parse|keep WIDTH [FILE]`. `null` counts rows in
// what it is sent, no more, `parse` reads it as JSON too, `keep` writes bodies to FILE, each after its length. Prints its URL. It
// is no sandbox: what it answers says nothing of what it got.
import { appendFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

const [kind, width, file] = process.argv.slice(2) as [string, string, string];

const rowStart = '{"index":';

const limits = {
  tier: 'bulk',
  features: { limit: null, used: 0, resetsAt: null },
  privateUploads: true,
  maxFeaturesPerBatch: 128,
  maxBodyBytes: 4_500_000,
  storesVectors: true,
  idempotencyKeys: true,
  serverId: `sink-${process.pid}`,
};

const answers: Record<string, unknown> = {
  '/api/upload/limits': limits,
  '/api/user/refresh': { id: 'bench', name: 'bench' },
  '/api/model/get': { id: 'bench', layers: 48, dimension: Number(width) },
  '/api/source-set/new': { name: 'bench', creatorId: 'bench' },
  '/api/features': [],
};

// Connections stay: one that is closed while a request comes would be a fault of the bench's own.
const server = createServer({ keepAliveTimeout: 600_000, requestTimeout: 0 }, async (request, response) => {
  const body = await read(request);
  const known = answers[request.url as string];
  if (request.url === '/api/feature/upload-batch') take(body);
  response.setHeader('content-type', 'application/json');
  const isBatch = request.url === '/api/feature/upload-batch';
  const created = isBatch ? { message: `${countRows(body)} features created.` } : {};
  response.end(JSON.stringify(known ?? (request.method === 'GET' ? null : created)));
});

function countRows(body: Buffer): number {
  let count = 0;
  for (let at = body.indexOf(rowStart); at >= 0; at = body.indexOf(rowStart, at + 1)) count++;
  return count;
}

function take(body: Buffer): void {
  if (kind === 'parse') JSON.parse(body.toString('utf8'));
  if (kind === 'keep') appendFileSync(file, Buffer.concat([Buffer.from(`${body.length}\n`), body]));
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
process.stdin.resume().on('end', () => process.exit(0));
