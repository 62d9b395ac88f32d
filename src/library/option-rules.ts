import {
  callback,
  flag,
  listOf,
  needed,
  number,
  object,
  oneOf,
  type Rule,
  type RulesFor,
  signal,
  string,
  text,
  whole,
  within,
} from '../check-options.ts';
import { isRanges } from '../tensor/ranges.ts';
import type { Attributes } from '../upload/attributes.ts';
import type { HeadPlace } from '../upload/head-place.ts';
import { isShard, mostParts } from '../upload/shard.ts';
import { mostStrength } from '../upload/strength.ts';
import type { RunOptions } from './run-options.ts';
import type { SaeUpload } from './sae-upload.ts';
import type { ProbeUpload, VectorUpload } from './upload-vector.ts';

/** A server that is connected to. */
export const connected: Rule = {
  expected: 'the `server` of a connection',
  fits: (value) => typeof value === 'object' && value !== null && 'capabilities' in value && 'rows' in value,
};

const ranges: Rule = {
  expected: 'ranges of whole numbers, each with its start and the number after its last: [[0, 12]] means 0 to 11',
  fits: isRanges,
};

/** The longest time that Node's timers take. */
const longestMs = 2 ** 31 - 1;

const ofRun: RulesFor<RunOptions> = {
  server: needed({
    expected: `${connected.expected}, or a function that opens one`,
    fits: (value) => typeof value === 'function' || connected.fits(value),
  }),
  stateDir: needed(text),
  signal,
  abort: signal,
  restart: flag,
  forceUnlock: flag,
  settleTimeoutMs: within(0, longestMs),
  wait: flag,
  assumeNew: flag,
  command: string,
  typed: object('a command line'),
};

const paperUrl: Rule = {
  expected: 'an address such as https://arxiv.org/abs/2406.11717',
  fits: (value) => typeof value === 'string' && /^https?:$/.test(URL.canParse(value) ? new URL(value).protocol : ''),
};

const ofAttributes: RulesFor<Attributes> = {
  description: string,
  tags: listOf(string, 'a list of texts'),
  paperUrl,
  license: string,
  visibility: oneOf('public', 'private'),
  metadata: object('an object'),
};

/** What SAEs and single directions have in common. The server's model record says which layers there are. */
const ofUpload = {
  ...ofRun,
  model: text,
  layer: number,
  hook: text,
  // The public server takes no more.
  createModel: whole(1, 127),
  activations: text,
  attributes: object('an object', ofAttributes),
  tensor: string,
  onEvent: callback,
};

const ofHead: RulesFor<HeadPlace> = { index: needed(whole(0)), model: needed(text), layer: needed(number) };

const heads = listOf(object('{ index, model, layer }', ofHead), 'a list such as [{ index: 0, model: "m", layer: 13 }]');

const shard: Rule = {
  expected: `{ part, of } with whole numbers, 1 <= part <= of <= ${mostParts}`,
  fits: isShard,
};

/** Rules for the options of `uploadSae`. */
export const saeRules: RulesFor<SaeUpload> = {
  ...ofUpload,
  saeId: needed(text),
  hookOut: text,
  heads,
  kind: oneOf('sae', 'transcoder', 'crosscoder'),
  orientation: oneOf('rows', 'columns'),
  headAxis: oneOf('first', 'middle'),
  as: oneOf('auto', 'features', 'vectors'),
  label: text,
  yes: flag,
  layers: ranges,
  features: ranges,
  index: whole(0),
  featureMetadata: text,
  sparsityScale: oneOf('log10', 'linear'),
  skipDead: flag,
  skipBadRows: flag,
  fixTokens: flag,
  limits: object('an object', { rows: whole(1), bytes: whole(1), inFlight: whole(1) }),
  shard,
};

/** Rules for the paths of SAEs. */
export const paths: Rule = {
  expected: 'the path of an SAE or of a folder, or a list of some',
  fits: (value) => [value].flat().every(text.fits) && (!Array.isArray(value) || value.length > 0),
};

const ofDirection = {
  ...ofUpload,
  model: needed(text),
  layer: needed(number),
  name: needed(text),
  strength: within(-mostStrength, mostStrength),
};

/** Rules for the options of `uploadVector`. */
export const vectorRules: RulesFor<VectorUpload> = { ...ofDirection, row: whole(0) };

/** Rules for the options of `uploadProbe`. */
export const probeRules: RulesFor<ProbeUpload> = {
  ...ofDirection,
  concept: needed(text),
  bias: { expected: 'a finite number', fits: Number.isFinite },
  classIndex: whole(0),
  scaling: oneOf('raw-space', 'as-stored'),
};

/** Rules for what a vector or probe is read from. */
export const vectorSourceRule: Rule = {
  expected: 'the path of a file, a file opened with openTensorFile, or a Float32Array',
  hint: 'other numbers become one with Float32Array.from(values)',
  fits: (value) =>
    text.fits(value) ||
    value instanceof Float32Array ||
    (typeof value === 'object' && value !== null && 'tensors' in value && 'path' in value),
};
