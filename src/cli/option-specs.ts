import { parseRanges } from '../tensor/ranges.ts';
import { groups } from './option-groups.ts';
import type { OptionSpec } from './option-spec.ts';
import { flag, oneOf, parsed, text, whole } from './option-values.ts';
import { aboutOptions } from './options-about.ts';
import { directionOptions } from './options-direction.ts';
import { featureOptions } from './options-features.ts';
import { limitOptions } from './options-limits.ts';
import { steeringOptions } from './options-steering.ts';
import { sweepOptions } from './options-sweeps.ts';
import { parseDuration, parseSize } from './quantities.ts';

/** Every option of every command, by its name in code; on the command line it is written with hyphens. */
export const optionSpecs = {
  model: {
    value: 'ID',
    group: groups.place,
    help: 'Neuronpedia id of the model it was trained on',
    schema: text,
  },
  layer: { value: 'N', group: groups.place, help: 'layer number, counted from 0', schema: whole(0, 1000) },
  hook: {
    value: 'HOOK',
    group: groups.place,
    help: 'hook: resid-post (default for vectors and probes) or resid-pre; SAEs also take others, and full names such as blocks.6.hook_mlp_out, which give the layer where nothing else does',
    choices: ['resid-pre', 'resid-post'],
    schema: text,
  },
  ...sweepOptions,
  saeId: {
    value: 'NAME',
    group: groups.place,
    help: 'source set to upload into; may contain {layer}, and {head} for crosscoders',
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
    help: "create the model's record with this many layers if the server has none",
    schema: whole(1, 127),
  },
  tensor: {
    value: 'NAME',
    group: groups.reading,
    help: 'tensor to read, if there are several candidates',
    schema: (z) => z.string(),
  },
  orientation: {
    value: 'AXIS',
    group: groups.reading,
    help: 'which axis of the matrix counts features: rows or columns',
    ...oneOf('rows', 'columns'),
  },
  features: {
    value: 'LIST',
    group: groups.reading,
    help: 'upload only these features, for example 0-999,2048',
    schema: parsed(parseRanges, 'numbers and ranges such as 0-999,2048'),
  },
  ...featureOptions,
  activations: {
    value: 'PATH',
    group: groups.reading,
    help: 'examples for each feature: a .jsonl file or an SAEDashboard output folder; may contain {layer} and {head}',
    schema: text,
  },
  strict: { group: groups.reading, help: 'exit with code 6 if there are any findings', schema: flag },
  as: {
    value: 'WHAT',
    group: groups.sending,
    help: 'features, or vectors: each row a steering vector of its own (default: features)',
    ...oneOf('auto', 'features', 'vectors'),
  },
  label: {
    value: 'TEMPLATE',
    group: groups.sending,
    help: 'name of each vector, with --as vectors (default: "{sae-id} L{layer} #{index}"); may contain {sae-id}, {layer}, {index} and {name}',
    schema: text,
  },
  ...aboutOptions,
  yes: { group: groups.sending, help: 'do not ask for confirmation, even for more than 1,000 vectors', schema: flag },
  batchSize: {
    value: 'N',
    group: groups.sending,
    help: 'maximum number of features per request, up to 128',
    schema: whole(1, 128),
  },
  maxBody: {
    value: 'SIZE',
    group: groups.sending,
    help: 'maximum size of a request body, for example 2MB',
    schema: parsed(parseSize, 'a size such as 2MB'),
  },
  concurrency: {
    value: 'N',
    group: groups.sending,
    help: 'maximum number of requests in flight (default: 4, or 1 to the public server)',
    schema: whole(1, 64),
  },
  receipt: {
    value: 'FILE',
    group: groups.sending,
    help: 'write the row, id, URL and hash of everything on the server; several SAEs get a file each, named by {layer} or after the source',
    schema: text,
  },
  dryRun: { group: groups.sending, help: 'do everything except writing', schema: flag },
  restart: {
    group: groups.sending,
    help: 'forget the checkpoint; rows already on the server are still found and not sent again',
    schema: flag,
  },
  forceUnlock: { group: groups.sending, help: "break another run's stale lock", schema: flag },
  settleTimeout: {
    value: 'TIME',
    group: groups.sending,
    help: 'how long the server may go on working on a request after its connection was lost (default: 30s)',
    schema: parsed(parseDuration, 'a time such as 30s or 2m, up to 24 days'),
  },
  ...limitOptions,
  job: {
    value: 'JOB',
    group: groups.place,
    help: 'everything that this upload sent; status lists the jobs',
    schema: text,
  },
  includeFound: {
    group: groups.place,
    help: 'with --job: also rows that were on the server before it sent anything',
    schema: flag,
  },
  ...steeringOptions,
  text: {
    value: 'TEXT',
    group: groups.reading,
    help: 'with a feature: show how strongly it fires on each token of this text',
    schema: text,
  },
  all: {
    group: groups.reading,
    help: 'show every job in full; without it, finished jobs beyond the latest 10 get one line each',
    schema: flag,
  },
  withToken: { group: groups.server, help: 'read the key from standard input', schema: flag },
  port: {
    value: 'N',
    group: groups.server,
    help: 'port to listen on (default: 0, any free port)',
    schema: whole(0, 65535),
  },
  data: { value: 'DIR', group: groups.server, help: "folder for the server's data", schema: text },
  fresh: { group: groups.server, help: 'start with an empty store', schema: flag },
  public: { group: groups.server, help: "behave like today's public server", schema: flag },
  rateLimit: { group: groups.server, help: 'with --public: apply its hourly limits', schema: flag },
  tier: {
    value: 'TIER',
    group: groups.server,
    help: 'tier of the default key: free, research or bulk (default: bulk)',
    ...oneOf('free', 'research', 'bulk'),
  },
  apiUrl: {
    value: 'URL',
    group: groups.everywhere,
    help: 'server to use (default: NEURONPEDIA_API_URL, or https://www.neuronpedia.org)',
    schema: text,
  },
  sandbox: { group: groups.everywhere, help: 'use the embedded server: no account, no network', schema: flag },
  sandboxPublic: {
    group: groups.everywhere,
    help: 'the same, behaving like the public server: a rehearsal',
    schema: flag,
  },
  insecure: { group: groups.everywhere, help: 'allow plain http to a host other than this machine', schema: flag },
  json: { group: groups.everywhere, help: 'write JSON to standard output', schema: flag },
  quiet: { group: groups.everywhere, help: 'print less', schema: flag },
  verbose: { group: groups.everywhere, help: 'show every HTTP exchange, without the key', schema: flag },
  progress: { group: groups.everywhere, help: 'show no progress', negated: true, schema: flag },
  color: { group: groups.everywhere, help: 'do not use colour', negated: true, schema: flag },
  input: { group: groups.everywhere, help: 'never prompt for anything', negated: true, schema: flag },
} as const satisfies Record<string, OptionSpec>;
