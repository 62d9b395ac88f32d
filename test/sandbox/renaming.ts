import type { BuiltInModel } from '../../src/sandbox/index.ts';
import { type Exchange, type RecordedBody, rebuildBody, spacedJson } from './exchanges.ts';
import type { Json } from './running-sandbox.ts';

/** Translates the names and values of the recording to those that a replay uses. */
export interface Renaming {
  text(text: string): string;
  json(value: Json): Json;
}

/** Keeps everything as recorded. */
export const AS_RECORDED: Renaming = { text: (text) => text, json: (value) => value };

// Longer names come first. The set's new name still sorts before `neuronpedia-…`, because sets are listed by name.
const NAMES: readonly [RegExp, string][] = [
  [/user_(alice|bob|admin)/g, 'account-$1-7'],
  [/alice/g, 'marta'],
  [/Alice/g, 'Marta'],
  [/ALICE/g, 'MARTA'],
  [/\bbob\b/g, 'yusuf'],
  [/acts-8/g, 'codes-31k'],
  [/ACTS-8/g, 'CODES-31K'],
  [/Test set/g, 'Another set'],
  [/example\.com/g, 'example.org'],
  [/gpt2-small/g, 'toy-model.7b'],
  [/GPT2-Small/g, 'Toy-Model.7B'],
  [/GPT2-SM\b/g, 'TOY'],
  [/gemma-2-2b/g, 'zeta-3-1b'],
  [/Gemma-2-2B/g, 'Zeta-3-1B'],
  [/llama3\.1-8b/g, 'yak2.5-4b'],
  [/Llama3\.1-8B/g, 'Yak2.5-4B'],
  [/OpenAI/g, 'Acme'],
  [/Google/g, 'Globex'],
  [/Meta/g, 'Initech'],
  [/test vector/g, 'a direction'],
  [/Hello (\w+)/g, 'Goodbye $1, friend'],
  [/" tok(\d)/g, '" word$1'],
  [/" t(\d)"/g, '" up$1"'],
  [/" b(\d)"/g, '" down$1"'],
  [/steered(\d)/g, 'steer-$1'],
  [/default(\d)/g, 'plain-$1'],
  [/fires on animals/g, 'fires on plants'],
  [/second explanation/g, 'another one'],
  [/my list/g, 'their list'],
  [/other list/g, 'a third list'],
  [/\b(\/?)nope\b/g, '$1unheard-of'],
  [/__(err400|busy|die)/g, '##$1##'],
  [/"(hi|yo)"/g, '"$1 there"'],
  [/user\\n(hi|yo)</g, 'user\\n$1 there<'],
  // Indices in paths; those in bodies are found by their key and shifted by `moved`.
  [/(\/6-[^/"]*\/)(\d{1,6})$/g, '$1#$2'],
];

const DIMENSIONS: Record<number, number> = { 768: 96, 2304: 144, 4096: 160 };
const SHIFT = 17;
const HALVED = new Set(
  ['value', 'values', 'density', 'frac_nonzero', 'pos_values', 'neg_values', 'vector', 'maxActApprox'].concat([
    'maxValue',
    'minValue',
    'quantileMin',
    'quantileMax',
    'quantileFraction',
    'binMin',
    'binMax',
    'binContains',
  ]),
);

const isUploadIndex = (value: Json) => /^\d+$/.test(String(value)) && Number(value) < 9_000_000;

function shifted(value: Json): Json {
  const moved = Number(value) + SHIFT;
  return typeof value === 'string' ? String(moved) : moved;
}

function moved(value: Json, key: string): Json {
  if (Array.isArray(value)) {
    const width = value.length === 768 ? 96 : value.length === 767 ? 95 : value.length;
    return value.slice(0, width).map((part) => moved(part, key));
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, moved(part, name)]));
  }
  if (key === 'index' && isUploadIndex(value)) return shifted(value);
  if (key === 'dimension' && value !== null) return DIMENSIONS[value];
  return typeof value === 'number' && HALVED.has(key) ? value / 2 : value;
}

function renamedText(text: string): string {
  const renamed = NAMES.reduce((so_far, [from, to]) => so_far.replace(from, to), text);
  return renamed.replace(/\/#(\d+)$/, (_all, index) => `/${Number(index) + SHIFT}`);
}

/** Changes users, models, widths, source sets, indices, numbers, prompts and texts. */
export const RENAMED: Renaming = {
  text: renamedText,
  json: (value) => moved(JSON.parse(renamedText(JSON.stringify(value))), ''),
};

// Numbers that JSON does not have (NaN) or would change (1e999) pass through as strings.
const ODD = /\bNaN\b|\b1e999\b/g;

function renamedBody(body: string, { json }: Renaming): string {
  const renamed = spacedJson(json(JSON.parse(body.replace(ODD, '"odd $&"'))));
  return renamed.replace(/"odd (\w+)"/g, '$1');
}

// A body that is not JSON at all (empty, "{not json", gzip) is sent unchanged.
function renamedBytes(base64: string, renaming: Renaming): RecordedBody {
  const text = Buffer.from(base64, 'base64').toString();
  return text.startsWith('{"') ? { text: renamedBody(text, renaming) } : { base64 };
}

function renamedRequest(exchange: Exchange, exchanges: readonly Exchange[], renaming: Renaming): RecordedBody | null {
  const { request } = exchange;
  if (request?.bytes !== undefined) return { text: renamedBody(rebuildBody(exchange, exchanges), renaming) };
  if (request?.base64 !== undefined) return renamedBytes(request.base64, renaming);
  return request === null ? null : { json: renaming.json(request.json) };
}

function renamedResponse({ response }: Exchange, { text, json }: Renaming): RecordedBody | null {
  if (response === null) return null;
  if ('json' in response) return { json: json(response.json) };
  if (response.text !== undefined) return { text: text(response.text) };
  // Only up to the numbers: those are changed only in complete JSON.
  const [starts = ''] = text(response.starts ?? '').split('"vector":');
  return { starts };
}

/** Returns the recording with everything renamed, and rebuilt bodies for those recorded only by size. */
export function renamedExchanges(exchanges: readonly Exchange[], renaming: Renaming): Exchange[] {
  return exchanges.map((each) => {
    const { path, key } = each;
    const [request, response] = [renamedRequest(each, exchanges, renaming), renamedResponse(each, renaming)];
    return { ...each, path: renaming.text(path), key: key && renaming.text(key), request, response };
  });
}

const RECORDED_MODELS: BuiltInModel[] = [
  model('gpt2-small', 768, 12, ['GPT2-SM', 'GPT2-Small', 'OpenAI'], 3072),
  model('gemma-2-2b', 2304, 26, ['Gemma-2-2B', 'Gemma-2-2B', 'Google'], 9216),
  model('llama3.1-8b', 4096, 32, ['Llama3.1-8B', 'Llama3.1-8B', 'Meta'], 14336),
];

function model(
  id: string,
  dimension: number,
  layers: number,
  names: [string, string, string],
  neuronsPerLayer: number,
): BuiltInModel {
  const [displayNameShort, displayName, owner] = names;
  return { id, dimension, layers, displayNameShort, displayName, owner, neuronsPerLayer };
}

/** Returns the models and users that the recording's database had. */
export function recordedWorld({ text, json }: Renaming) {
  const users = ['alice', 'bob', 'admin'].map((name) => {
    return { key: `key of ${text(name)}`, id: text(`user_${name}`), name: text(name) };
  });
  return { models: json(RECORDED_MODELS) as BuiltInModel[], users };
}
