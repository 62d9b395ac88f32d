// A server with the upload protocol that stores no features: `node sink.mjs null|parse|keep WIDTH [FILE]`. `null` only
// drains bodies and looks at the first and last row to say how many there were; `parse` also parses bodies as JSON, and
// `keep` writes them to FILE, each after its length. Prints its URL. It is not a sandbox: apart from that count, its
// answers are fixed.
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

// Connections stay open: closing one just as a request arrives would be an error that the bench itself causes.
const server = createServer({ keepAliveTimeout: 600_000, requestTimeout: 0 }, async (request, response) => {
  const body = await read(request);
  const known = answers[request.url as string];
  const isBatch = request.url === '/api/feature/upload-batch';
  if (isBatch && kind !== 'null') take(Buffer.concat(body));
  response.setHeader('content-type', 'application/json');
  const created = isBatch ? { message: `${countRows(body)} features created.` } : {};
  response.end(JSON.stringify(known ?? (request.method === 'GET' ? null : created)));
});

/** Counts the rows of a body by its first and last row, whose numbers are consecutive. */
function countRows(body: readonly Buffer[]): number {
  const numberAt = (bytes: Buffer, at: number) =>
    Number.parseInt(bytes.toString('latin1', at + rowStart.length, at + 32), 10);
  const [first] = body as [Buffer];
  for (let from = body.length - 1; from >= 0; from--) {
    const end = Buffer.concat(body.slice(from));
    const last = end.lastIndexOf(rowStart);
    if (last >= 0) return numberAt(end, last) - numberAt(first, first.indexOf(rowStart)) + 1;
  }
  return 0;
}

function take(body: Buffer): void {
  if (kind === 'parse') JSON.parse(body.toString('utf8'));
  if (kind === 'keep') appendFileSync(file, Buffer.concat([Buffer.from(`${body.length}\n`), body]));
}

async function read(request: IncomingMessage): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return chunks;
}

server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
process.stdin.resume().on('end', () => process.exit(0));
