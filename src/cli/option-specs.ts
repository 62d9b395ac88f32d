import type * as zod from '../schema.ts';
import { parseRanges } from '../tensor/ranges.ts';
import { groups } from './option-groups.ts';
import { flag, oneOf, parsed, text, whole, type Zod } from './option-values.ts';
import { aboutOptions } from './options-about.ts';
import { directionOptions } from './options-direction.ts';
import { featureOptions } from './options-features.ts';
import { limitOptions } from './options-limits.ts';
import { steeringOptions } from './options-steering.ts';
import { sweepOptions } from './options-sweeps.ts';
import { parseDuration, parseSize } from './quantities.ts';

/** How a value is read. zod is handed in, so that showing help need not load it. */
type Schema = (z: Zod) => zod.ZodMiniType;

/** One option, declared once: commander, help, the README and the types of commands are made from this. */
export interface OptionSpec {
  /** What its value is called in help; absent for a switch. */
  readonly value?: string;
  readonly group: string;
  readonly help: string;
  readonly schema: Schema;
  /** Words that its value is, or usually is: shells offer them. */
  readonly choices?: readonly string[];
  /** May be given several times; its schema gets all values. */
  readonly repeatable?: boolean;
  /** Written `--no-NAME`; such a switch is on unless it is given. */
  readonly negated?: boolean;
}

/** Every option of every command, by its name in code; on the command line it is written with hyphens. */
export const optionSpecs = {
  model: {
    value: 'ID',
    group: groups.place,
    help: 'model that it was trained on, by its Neuronpedia id',
    schema: text,
  },
  layer: { value: 'N', group: groups.place, help: 'layer, counted from 0', schema: whole(0, 1000) },
  hook: {
    value: 'HOOK',
    group: groups.place,
    help: 'hook: resid-pre or resid-post (default for a direction); for SAEs also others and full names such as blocks.6.hook_mlp_out',
    choices: ['resid-pre', 'resid-post'],
    schema: text,
  },
  ...sweepOptions,
  saeId: {
    value: 'NAME',
    group: groups.place,
    help: 'source set to upload into; {layer} stands for the layer, {head} for the head of a crosscoder',
    schema: text,
  },
  ...directionOptions,
  kind: {
    value: 'KIND',
    group: groups.place,
    help: 'sae, transcoder or crosscoder (default: from the layout)',
    ...oneOf('sae', 'transcoder', 'crosscoder'),
  },
  createModel: {
    value: 'LAYERS',
    group: groups.place,
    help: "make the model's record, with this many layers, where the server has none",
    schema: whole(1, 127),
  },
  tensor: {
    value: 'NAME',
    group: groups.reading,
    help: 'tensor to read, where several could be meant',
    schema: (z) => z.string(),
  },
  orientation: {
    value: 'AXIS',
    group: groups.reading,
    help: 'rows or columns: which axis of the matrix counts features',
    ...oneOf('rows', 'columns'),
  },
  features: {
    value: 'LIST',
    group: groups.reading,
    help: 'only these features, for example 0-999,2048',
    schema: parsed(parseRanges, 'numbers and ranges such as 0-999,2048'),
  },
  ...featureOptions,
  activations: {
    value: 'PATH',
    group: groups.reading,
    help: 'examples per feature: a .jsonl, or a folder that SAEDashboard wrote; may hold {layer} and {head}',
    schema: text,
  },
  strict: { group: groups.reading, help: 'end with exit code 6 where anything was found amiss', schema: flag },
  as: {
    value: 'WHAT',
    group: groups.sending,
    help: 'features, or vectors: one steering vector a row (default: features)',
    ...oneOf('auto', 'features', 'vectors'),
  },
  label: {
    value: 'TEMPLATE',
    group: groups.sending,
    help: 'name of each vector, with --as vectors (default: "{sae-id} L{layer} #{index}"); {name} too',
    schema: text,
  },
  ...aboutOptions,
  yes: { group: groups.sending, help: 'go on without asking, also with more than 1,000 vectors', schema: flag },
  batchSize: {
    value: 'N',
    group: groups.sending,
    help: 'features a request at the most, up to 128',
    schema: whole(1, 128),
  },
  maxBody: {
    value: 'SIZE',
    group: groups.sending,
    help: 'largest request body, for example 2MB',
    schema: parsed(parseSize, 'a size such as 2MB'),
  },
  concurrency: {
    value: 'N',
    group: groups.sending,
    help: 'requests in flight at the most (without it 4, and 1 to the public server)',
    schema: whole(1, 64),
  },
  receipt: {
    value: 'FILE',
    group: groups.sending,
    help: 'write row, id, URL and hash of all that is on the server; of several SAEs a file each, with its source in the name',
    schema: text,
  },
  dryRun: { group: groups.sending, help: 'do everything but the writing', schema: flag },
  restart: {
    group: groups.sending,
    help: 'forget the checkpoint; rows already on the server are still found and not sent again',
    schema: flag,
  },
  forceUnlock: { group: groups.sending, help: "break another run's stale lock", schema: flag },
  settleTimeout: {
    value: 'TIME',
    group: groups.sending,
    help: 'how long a server may still work on a request whose connection was lost (default: 30s)',
    schema: parsed(parseDuration, 'a time such as 30s or 2m'),
  },
  ...limitOptions,
  job: { value: 'JOB', group: groups.place, help: 'all that this upload sent; status lists the jobs', schema: text },
  includeFound: {
    group: groups.place,
    help: 'with --job: also rows that it found on the server before it sent anything',
    schema: flag,
  },
  ...steeringOptions,
  text: {
    value: 'TEXT',
    group: groups.reading,
    help: 'with a feature: how strongly it fires on each token of this text',
    schema: text,
  },
  all: {
    group: groups.reading,
    help: 'show all jobs at length: those that finished before the latest 10 have a line each',
    schema: flag,
  },
  withToken: { group: groups.server, help: 'read the key from standard input', schema: flag },
  port: {
    value: 'N',
    group: groups.server,
    help: 'port to listen on (default: 0, any free one)',
    schema: whole(0, 65535),
  },
  data: { value: 'DIR', group: groups.server, help: 'folder that the server keeps its data in', schema: text },
  fresh: { group: groups.server, help: 'begin with an empty store', schema: flag },
  public: { group: groups.server, help: "behave like today's public server", schema: flag },
  rateLimit: { group: groups.server, help: 'with --public: its hourly limits', schema: flag },
  tier: {
    value: 'TIER',
    group: groups.server,
    help: 'free, research or bulk (default: bulk)',
    ...oneOf('free', 'research', 'bulk'),
  },
  apiUrl: {
    value: 'URL',
    group: groups.everywhere,
    help: 'server (default: NEURONPEDIA_API_URL, else https://www.neuronpedia.org)',
    schema: text,
  },
  sandbox: { group: groups.everywhere, help: 'use the embedded server: no account, no network', schema: flag },
  sandboxPublic: {
    group: groups.everywhere,
    help: 'the same, behaving like the public server: the rehearsal for it',
    schema: flag,
  },
  insecure: { group: groups.everywhere, help: 'allow plain http to a host that is not this machine', schema: flag },
  json: { group: groups.everywhere, help: 'write JSON to standard output', schema: flag },
  quiet: { group: groups.everywhere, help: 'say less', schema: flag },
  verbose: { group: groups.everywhere, help: 'show every HTTP exchange, without the key', schema: flag },
  progress: { group: groups.everywhere, help: 'show no progress', negated: true, schema: flag },
  color: { group: groups.everywhere, help: 'use no colour', negated: true, schema: flag },
  input: { group: groups.everywhere, help: 'never ask for anything', negated: true, schema: flag },
} as const satisfies Record<string, OptionSpec>;
