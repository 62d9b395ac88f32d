import type { CommandContext } from './context.ts';
import { ofServers, ofUploads } from './exit-codes.ts';
import { about, direction, sending } from './option-lists.ts';
import type { OptionName } from './options.ts';
import { steeringNames } from './options-steering.ts';

/** A subcommand, declared once. `load` brings its code, only when it runs. */
export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  readonly argument?: {
    readonly name: string;
    readonly help: string;
    readonly required: boolean;
    readonly several?: boolean;
  };
  readonly options: readonly OptionName[];
  /** Without these the command cannot run at all. */
  readonly required?: readonly OptionName[];
  /** Two command lines, as one types them: a test runs each. */
  readonly examples: readonly [string, string];
  /** What it can end with besides what every command can. */
  readonly exitCodes: readonly number[];
  /** Where a code means something of its own here. */
  readonly exitMeanings?: Readonly<Record<number, string>>;
  /** Runs until a signal comes, which is then its regular end and no interruption. */
  readonly untilSignal?: boolean;
  readonly load: () => Promise<{ run: (context: CommandContext) => Promise<number> }>;
}

/** Every subcommand. To add one: a file in `commands/`, and an entry here. */
export const commandSpecs: readonly CommandSpec[] = [
  {
    name: 'login',
    summary: 'check an API key with the server and store it',
    options: ['withToken'],
    examples: ['neuronpedia login', 'echo "$KEY" | neuronpedia login --with-token'],
    exitCodes: ofServers,
    exitMeanings: { 0: 'the key is right and stored', 130: 'interrupted; nothing was stored' },
    load: () => import('./commands/login.ts'),
  },
  {
    name: 'logout',
    summary: 'forget the stored API key',
    options: [],
    examples: ['neuronpedia logout', 'neuronpedia logout --api-url https://neuronpedia.example.org'],
    exitCodes: [],
    exitMeanings: { 0: 'no key is stored for that server any more' },
    load: () => import('./commands/logout.ts'),
  },
  {
    name: 'upload-vector',
    summary: 'upload one steering vector',
    argument: {
      name: 'FILE',
      help: 'weight file that holds the vector, or - for a JSON array on standard input',
      required: true,
    },
    options: [...direction, 'row', 'activations', ...about, ...sending],
    required: ['model', 'layer', 'name'],
    examples: [
      'neuronpedia upload-vector refusal.npy --model gemma-2b-it --layer 10 --hook resid-pre --name "Refusal" --tag safety',
      'url=$(neuronpedia upload-vector jedi.safetensors --model gpt2-small --layer 6 --name "Jedi" --strength 20)',
    ],
    exitCodes: ofUploads.filter((code) => code !== 3),
    exitMeanings: { 0: 'done, the vector is on the server' },
    load: () => import('./commands/upload-vector.ts'),
  },
  {
    name: 'upload-probe',
    summary: 'upload a linear probe or concept direction',
    argument: {
      name: 'FILE',
      help: "scikit-learn's coef and intercept or torch's weight and bias in a weight file, a bare vector, or - for JSON",
      required: true,
    },
    options: [...direction, 'concept', 'bias', 'class', 'rawSpace', 'asStored', 'activations', ...about, ...sending],
    required: ['model', 'layer', 'name', 'concept'],
    examples: [
      'neuronpedia upload-probe probe.npz --model gpt2-small --layer 6 --name "Truthfulness probe" --concept truthfulness',
      'neuronpedia upload-probe head.safetensors --class 2 --model gpt2-small --layer 6 --name "German" --concept language',
    ],
    exitCodes: ofUploads.filter((code) => code !== 3),
    exitMeanings: { 0: 'done, the probe is on the server' },
    load: () => import('./commands/upload-probe.ts'),
  },
  {
    name: 'upload-sae',
    summary: 'upload every feature of an SAE, transcoder or crosscoder',
    argument: {
      name: 'PATH',
      help: 'weight file, or folder that a trainer saved (or of several)',
      required: true,
      several: true,
    },
    options: [
      'model',
      'layer',
      'hook',
      'hookOut',
      'layers',
      'head',
      'saeId',
      'kind',
      'createModel',
      'tensor',
      'orientation',
      'headAxis',
      'features',
      'index',
      'featureMetadata',
      'sparsityScale',
      'skipDead',
      'activations',
      'skipBadRows',
      'fixTokens',
      'as',
      'label',
      ...about,
      'interpLimit',
      'yes',
      'batchSize',
      'maxBody',
      'concurrency',
      ...sending,
    ],
    required: ['saeId'],
    examples: [
      'neuronpedia upload-sae ./my-sae --sae-id my-res-16k',
      'neuronpedia upload-sae W_dec.npy --model gpt2-small --layer 6 --hook resid-post --sae-id my-res-16k --sandbox',
    ],
    exitCodes: ofUploads,
    load: () => import('./commands/upload-sae.ts'),
  },
  {
    name: 'status',
    summary: 'show the server, the account and local jobs, one job, or one feature',
    argument: { name: 'ID', help: 'model/source/index or its URL, or a job as status lists it', required: false },
    options: ['text', 'resolve'],
    examples: ['neuronpedia status', 'neuronpedia status gpt2-small/6-my-res-16k/1234 --text "In the beginning"'],
    exitCodes: [...ofServers, 6, 11, 12],
    exitMeanings: {
      0: 'done',
      6: 'there is no such job or feature',
      12: 'the job is of another server, or its journal cannot be written',
      130: 'interrupted',
    },
    load: () => import('./commands/status.ts'),
  },
  {
    name: 'steer',
    summary: 'complete a prompt with and without directions added to the model',
    argument: {
      name: 'ID',
      help: 'model/source/index or its URL, with @STRENGTH after it for one of its own',
      required: true,
      several: true,
    },
    options: ['strength', ...steeringNames],
    required: ['prompt'],
    examples: [
      'neuronpedia steer gpt2-small/6-neuronpedia-resid-post/108781060 --prompt "I think that"',
      'neuronpedia steer gemma-2-2b/20-gemmascope-res-16k/1234@40 --prompt "Who are you?" --chat',
    ],
    exitCodes: [...ofServers, 6, 8],
    exitMeanings: {
      0: 'done',
      6: 'these directions cannot be steered with together, or do not exist',
      8: 'the server takes no more requests for now',
      130: 'interrupted',
    },
    load: () => import('./commands/steer.ts'),
  },
  {
    name: 'delete',
    summary: 'take back features, vectors and probes that you uploaded',
    argument: { name: 'ID', help: 'model/source/index or its URL', required: false, several: true },
    options: ['job', 'includeFound', 'dryRun', 'yes', 'forceUnlock'],
    examples: ['neuronpedia delete gpt2-small/6-my-res-16k/1234', 'neuronpedia delete --job 0bccbe95a159a47a --yes'],
    exitCodes: [...ofServers, 6, 8, 9, 11, 12],
    exitMeanings: {
      0: 'done, every row is gone',
      6: 'there is no such job',
      8: 'the server takes no more requests for now; run the same command again',
      9: 'for a row it is unknown whether it is gone; it is named',
      130: 'interrupted or declined; run the same command again',
    },
    load: () => import('./commands/delete.ts'),
  },
  {
    name: 'inspect',
    summary: 'look at weights or examples before an upload: no server, no key',
    argument: {
      name: 'PATH',
      help: 'weight file, folder of an SAE (or of several), or examples (.jsonl, SAEDashboard folder)',
      required: true,
    },
    options: ['tensor', 'orientation', 'strict'],
    examples: ['neuronpedia inspect ./my-sae', 'neuronpedia inspect W_dec.npy --orientation rows --strict --json'],
    exitCodes: [6, 130],
    exitMeanings: { 0: 'done', 6: 'it cannot be read; with --strict, anything was found amiss', 130: 'interrupted' },
    load: () => import('./commands/inspect.ts'),
  },
  {
    name: 'sandbox',
    summary: 'run the embedded server in the foreground',
    options: ['port', 'data', 'fresh', 'tier', 'public', 'rateLimit'],
    untilSignal: true,
    examples: ['neuronpedia sandbox', 'neuronpedia sandbox --port 3000 --fresh --json'],
    exitCodes: [],
    exitMeanings: { 0: 'ended by Ctrl-C or SIGTERM' },
    load: () => import('./commands/sandbox.ts'),
  },
];
