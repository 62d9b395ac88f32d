import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { jsonLies, type Lie, withLies } from './json-lies.ts';

/** How a server lies in its answers to the requests of a run. */
export interface Falsehood {
  /** Which request, as a fraction of `span`: every command makes the first few. */
  readonly at: number;
  readonly span: number;
  /** Whether to lie in all later answers as well. */
  readonly always: boolean;
  readonly lies: readonly Lie[];
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** A different body altogether. */
  readonly body: string | undefined;
}

const text = fc.constantFrom(
  '',
  ' ',
  '-1',
  '0',
  '1',
  '1e3',
  '1e300',
  '99999999999',
  'NaN',
  'Infinity',
  'soon',
  '0x10',
  'Wed, 21 Oct 2099 07:28:00 GMT',
  'a\u009b31mb',
);
/** None of these makes a client wait: with the statuses below, `retry-after` has no effect. */
const headers = fc.dictionary(
  fc.constantFrom('content-type', 'x-limit-remaining', 'x-server-id', 'location', 'retry-after', 'x-ratelimit-limit'),
  text,
  { maxKeys: 3 },
);
const permanent = fc.constantFrom(201, 203, 301, 307, 308, 400, 401, 402, 403, 404, 405, 409, 410, 413, 418, 422, 451);

/** Generates lies in an answer's JSON, sometimes with another status, other headers or a different body altogether. */
export const falsehood: fc.Arbitrary<Falsehood> = fc.record({
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  span: fc.constantFrom(2, 4, 8),
  always: fc.boolean(),
  lies: fc.oneof({ weight: 6, arbitrary: jsonLies }, fc.constant([])),
  status: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, permanent),
  headers: fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, headers),
  body: fc.oneof(
    { weight: 8, arbitrary: fc.constant(undefined) },
    fc.constantFrom(
      'null',
      '[]',
      '{}',
      '0',
      '""',
      '[{}]',
      '{"error":{}}',
      '{"error":"\\u001b[31mno","code":"feature_exists","path":"\\u001b]0;x\\u0007"}',
      '{"error":"no","code":"constructor"}',
      '{"message":"a\\nneuronpedia: error: b"}',
    ),
  ),
});

/** Starts a server on loopback that forwards requests to another server, and lies in some of the answers. */
export async function lyingServer(target: string) {
  let told: Falsehood | undefined;
  let asked = 0;
  const server = createServer(async (incoming, outgoing) => {
    const body = await buffer(incoming);
    const answer = await forward(target, incoming, body);
    const falsehood = applies(told, asked++) ? told : undefined;
    const { status, headers, content } = falsehood ? lieIn(answer, falsehood) : answer;
    outgoing.writeHead(status, headers);
    outgoing.end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Sets how to lie from now on, and starts counting requests again. */
    tell(next: Falsehood | undefined) {
      told = next;
      asked = 0;
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function applies(told: Falsehood | undefined, nth: number): boolean {
  if (!told) return false;
  const first = Math.floor(told.at * told.span);
  return told.always ? nth >= first : nth === first;
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly content: string;
}

function lieIn({ status, headers, content }: Answer, falsehood: Falsehood): Answer {
  const isUpload = status === 200;
  const json = parsed(content);
  const lied = falsehood.body ?? (json === undefined ? content : withLies(json, falsehood.lies));
  // A success that is not JSON looks like a gateway's page: uploads wait and ask again, which other tests cover.
  const told = isUpload && parsed(lied) === undefined ? content : lied;
  return { status: falsehood.status ?? status, headers: { ...headers, ...falsehood.headers }, content: told };
}

function parsed(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}

function forward(target: string, incoming: IncomingMessage, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(target);
    const { host: _host, connection: _connection, ...headers } = incoming.headers;
    const onward = request(
      { hostname, port, method: incoming.method, path: incoming.url, headers, agent: false },
      async (answer) => {
        const { 'content-type': type = '', 'x-server-id': id } = answer.headers;
        const kept = { 'content-type': type, ...(typeof id === 'string' && { 'x-server-id': id }) };
        resolve({ status: answer.statusCode ?? 0, headers: kept, content: (await buffer(answer)).toString() });
      },
    );
    onward.on('error', reject);
    onward.end(body);
  });
}
