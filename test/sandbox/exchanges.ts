import { readFileSync } from 'node:fs';
import type { Json } from './running-sandbox.ts';

/** A body as recorded: as JSON, text or bytes, or only by its size and its first characters (160 in a request). */
export interface RecordedBody {
  json?: Json;
  base64?: string;
  text?: string;
  bytes?: number;
  starts?: string;
}

/** One request to the public server and what it answered. */
export interface Exchange {
  title: string;
  method: string;
  path: string;
  /** `alice`, `bob` or `bogus`; null without a key. */
  key: string | null;
  headers: Record<string, string>;
  request: RecordedBody | null;
  status: number | null;
  /** Set if the connection was closed without an answer. */
  noResponse?: string;
  contentType: string;
  response: RecordedBody | null;
}

// Most texts that were cut off end in an ellipsis, but those cut at 8,000 characters do not.
function markCut(exchange: Exchange): Exchange {
  const { text } = exchange.response ?? {};
  return text?.length === 8000 ? { ...exchange, response: { text: `${text}…` } } : exchange;
}

/** Reads the recording, in order: observed on the public server's own code, hijohnnylin/neuronpedia @ ebb8426f. */
export function readExchanges(): Exchange[] {
  const lines = readFileSync(new URL('exchanges.jsonl', import.meta.url), 'utf8')
    .trim()
    .split('\n');
  return lines.map((line) => markCut(JSON.parse(line) as Exchange));
}

/** Formats JSON with the spaces that the recording's client wrote. */
export function spacedJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(spacedJson).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, part]) => `${JSON.stringify(key)}: ${spacedJson(part)}`);
  return `{${entries.join(', ')}}`;
}

function feature(index: number, activations: number, tokens: number, tokenText = ' tok'): Json {
  const logits = (token: string, sign: number) =>
    Array.from({ length: 10 }, (_none, i) => ({ token: ` ${token}${i}`, value: (sign * ((index + i) % 97)) / 100 }));
  const row = (a: number) => ({
    tokens: Array.from({ length: tokens }, (_none, i) => `${tokenText}${(index * 31 + a * 7 + i) % 5000}`),
    values: Array.from({ length: tokens }, (_none, i) => (i % 4 === 0 ? ((index + a + i) % 90) / 10 : 0)),
    ...{ quantileMin: 0.1, quantileMax: 9.5, quantileFraction: 0.02 },
  });
  const own = { index, density: ((index % 50) + 1) / 1000, topLogits: logits('t', 1), bottomLogits: logits('b', -1) };
  return { ...own, activations: Array.from({ length: activations }, (_none, a) => row(a)) };
}

// Turns a feature as an answer shows it back into what was sent.
function sentFeature(read: Json): Json {
  const pairs = (tokens: string[], values: number[]) => tokens.map((token, i) => ({ token, value: values[i] }));
  const [{ tokens, values, binMin, binMax, binContains }] = read.activations;
  const edges = { quantileMin: binMin, quantileMax: binMax, quantileFraction: binContains };
  const logits = {
    topLogits: pairs(read.pos_str, read.pos_values),
    bottomLogits: pairs(read.neg_str, read.neg_values),
  };
  const activations = [{ tokens, values, ...edges }];
  return { index: Number(read.index), density: read.frac_nonzero, ...logits, activations };
}

// The recorded beginning of the body contains the first numbers of the first feature.
function batch(starts: string, features: Json[]): Json {
  const [, index, density, value] = /"index": (\d+), "density": ([\d.]+).*?"value": ([\d.]+)/.exec(starts)!;
  const [first] = features;
  Object.assign(first, { index: Number(index), density: Number(density) });
  first.topLogits[0].value = Number(value);
  return { modelId: 'gpt2-small', source: '6-alice-acts-8', features };
}

const series = (first: number, length: number, activations: number, tokens: number) =>
  Array.from({ length }, (_none, i) => feature(first + i, activations, tokens));

/** Pads a body to the recorded size with an extra key, which the server drops as unknown. */
function padded(body: Json, size: number): string {
  const text = spacedJson({ ...body, pad: '' });
  if (text.length > size) throw new Error(`${text.length} is more than ${size}`);
  return spacedJson({ ...body, pad: 'x'.repeat(size - text.length) });
}

/** Rebuilds a body that was recorded only by its size: of the same size, and of the kind that its title names. */
export function rebuildBody({ title, request }: Exchange, exchanges: readonly Exchange[]): string {
  const { bytes: size = 0, starts = '' } = request ?? {};
  const vector = exchanges.find((each) => each.title === 'ok')!.request!.json;
  const known = exchanges.find((each) => each.title.startsWith('several features at once'))!.response!.json;
  const uploaded = [...known.slice(1, 3).map(sentFeature), ...series(3, 126, 1, 64)];
  const makers: Record<string, () => string> = {
    'bare NaN token in the JSON (python json.dumps default)': () =>
      spacedJson(vector).replace(`${vector.vector[50]}`, 'NaN').padEnd(size),
    '1e999 (parses to Infinity)': () => spacedJson(vector).replace(`${vector.vector[0]}`, '1e999'),
    '24577 values': () => {
      const values = Array.from({ length: 24_577 }, (_none, i) => vector.vector[i % 768]);
      return spacedJson({ ...vector, vector: values }).padEnd(size);
    },
    'body 1.1 MB': () => padded(vector, size),
    'body 4.8 MB': () => padded(vector, size),
    'body 10.6 MB': () => padded(vector, size),
    '128 features': () => padded(batch(starts, uploaded), size),
    'the SAME 128 again': () => padded(batch(starts, uploaded), size),
    '129 features': () => padded(batch(starts, series(1000, 129, 1, 64)), size),
    '6 MB batch: 128 features x 20 activations x 128 tokens (5 s transaction limit)': () =>
      padded(batch(starts, series(6000, 128, 20, 128)), size),
    '10.4 MB batch': () => padded(batch(starts, series(7000, 128, 30, 128)), size),
    'the same 100 features again are answered as created': () => padded(batch(starts, uploaded.slice(0, 100)), size),
  };
  const body = makers[title]?.();
  if (body?.length !== size || !body.startsWith(starts)) throw new Error(`${title}: ${body?.length} of ${size} bytes`);
  return body;
}
