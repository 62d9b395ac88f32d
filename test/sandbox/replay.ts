import type { CompletionRequest } from '../../src/sandbox/index.ts';
import type { Exchange, RecordedBody } from './exchanges.ts';
import { type RawAnswer, sendRaw } from './raw-http.ts';
import type { Renaming } from './renaming.ts';
import type { Json } from './running-sandbox.ts';

/** Maps ids of the recording to those of this run. */
type Ids = Map<string, string>;

const CUT = '…';
const DROPPED = ' <<connection dropped>>';
const isVectorIndex = (key: string, value: Json) => key === 'index' && Number(value) >= 90_000_000;
const isMadeId = (key: string, value: Json) => key === 'id' && /^c[a-z0-9]{24}$/.test(String(value));

// Walks both answers side by side and learns ids that are new in the recording; `difference` compares known ones.
function learn(recorded: Json, actual: Json, ids: Ids, key = ''): void {
  if (typeof recorded === 'object' && recorded !== null) {
    for (const [name, part] of Object.entries(recorded)) learn(part, actual?.[name], ids, name);
    return;
  }
  if (ids.has(String(recorded)) || !(isVectorIndex(key, recorded) || isMadeId(key, recorded))) return;
  if (typeof actual === 'string') ids.set(String(recorded), actual);
}

function frames(text: string): Json[] {
  return text.split('\n\n').flatMap((frame) => {
    try {
      return [JSON.parse(frame.replace(/^data: /, ''))];
    } catch {
      return [];
    }
  });
}

const withIds = (text: string, ids: Ids) => text.replace(/\d{8,9}|c[a-z0-9]{24}/g, (id) => ids.get(id) ?? id);
const withoutTimes = (text: string) => text.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, 'TIME');

interface Expected {
  text: string;
  /** Whether `text` is only the beginning. */
  cut: boolean;
  whole: boolean;
}

function expectedText(recorded: RecordedBody | null): Expected {
  if (recorded === null) return { text: '', cut: false, whole: false };
  if ('json' in recorded) return { text: JSON.stringify(recorded.json), cut: false, whole: true };
  if (recorded.starts !== undefined) return { text: recorded.starts, cut: true, whole: true };
  const { text = '' } = recorded;
  if (text.endsWith(DROPPED)) return { text: text.slice(0, -DROPPED.length), cut: false, whole: false };
  return { text: text.replace(CUT, ''), cut: text.endsWith(CUT), whole: true };
}

function sentBody(request: RecordedBody | null, ids: Ids): Uint8Array | string | undefined {
  if (request === null) return undefined;
  if (request.base64 !== undefined) return Buffer.from(request.base64, 'base64');
  return withIds(request.text ?? JSON.stringify(request.json), ids);
}

function learnFrom({ response, contentType }: Exchange, actual: RawAnswer, ids: Ids): void {
  const read = (text: string) => (contentType === 'text/event-stream' ? frames(text) : JSON.parse(text || 'null'));
  if (response === null || contentType.startsWith('text/html')) return;
  const recorded = response.json ?? (contentType === 'text/event-stream' ? frames(response.text ?? '') : undefined);
  if (recorded !== undefined) learn(recorded, read(actual.text), ids);
}

/** Says how an answer differs from the recorded one: in status or type, or else where their texts first differ. */
export function difference(exchange: Exchange, actual: RawAnswer, url: string, ids: Ids): string | undefined {
  const head = `${actual.status} ${actual.type} ${actual.whole ? 'whole' : 'broken off'}`;
  const expected = expectedText(exchange.response);
  const wanted = `${exchange.status} ${exchange.contentType} ${expected.whole ? 'whole' : 'broken off'}`;
  if (head !== wanted) return `${head}, recorded ${wanted}: ${actual.text.slice(0, 300)}`;
  learnFrom(exchange, actual, ids);
  const want = withoutTimes(withIds(expected.text.replaceAll('https://SERVER', url), ids));
  const got = withoutTimes(actual.text).slice(0, expected.cut ? want.length : undefined);
  if (got === want) return undefined;
  const at = [...want].findIndex((letter, i) => got[i] !== letter);
  return `at ${at}: ${got.slice(Math.max(0, at - 60), at + 100)}\n  recorded: ${want.slice(Math.max(0, at - 60), at + 100)}`;
}

/** What a replay needs besides the exchanges. */
export interface Replayed {
  url: string;
  renaming: Renaming;
  /** Called after each exchange, to look into the store. */
  after(position: number, exchange: Exchange): void;
}

/** Sends all exchanges in order; returns those whose answer differs, and how. */
export async function replay(exchanges: readonly Exchange[], { url, renaming, after }: Replayed): Promise<string[]> {
  const ids: Ids = new Map();
  const differences: string[] = [];
  const bearer = renaming.text('key of alice');
  for (const [i, exchange] of exchanges.entries()) {
    const { method, path, key, request } = exchange;
    const own = Object.entries(exchange.headers).map(([name, value]) => [name, value.replace('<alice key>', bearer)]);
    const headers = { ...(key === null ? {} : { 'x-api-key': key === 'bogus' ? key : `key of ${key}` }) };
    const body = sentBody(request, ids);
    const sent = { method, path: withIds(path, ids), headers: { ...headers, ...Object.fromEntries(own) }, body };
    const found = difference(exchange, await sendRaw(url, sent), url, ids);
    if (found !== undefined) differences.push(`${i} ${exchange.title}: ${found}`);
    after(i, exchange);
  }
  return differences;
}

function failure(status: number, message: string): Error {
  return Object.assign(new Error(message), { status });
}

/** Returns the model behind the recorded server: it yields eight tokens, or fails as the prompt asks. */
export function recordedUpstream({ text }: Renaming) {
  return function* complete({ prompt, type }: CompletionRequest): Iterable<string> {
    if (prompt === text('__err400')) throw failure(400, 'prompt is 9999 tokens, over the limit');
    if (prompt === text('__busy')) throw failure(503, 'busy');
    if (prompt === text('__die')) {
      yield ' partial';
      throw failure(500, 'died');
    }
    for (let i = 0; i < 8; i++) yield text(` ${type.toLowerCase()}${i}`);
  };
}
