import type { CommandSpec } from './command-spec.ts';
import { nothingSaved, ofServers } from './exit-codes.ts';
import { steeringNames } from './options-steering.ts';
import { uploadSpecs } from './upload-specs.ts';

/** Every subcommand. To add one: a file in `commands/`, and an entry here, or in `upload-specs.ts` where it uploads. */
export const commandSpecs: readonly CommandSpec[] = [
  {
    name: 'login',
    summary: 'check an API key with the server and store it',
    options: ['withToken'],
    examples: ['neuronpedia login', 'echo "$KEY" | neuronpedia login --with-token'],
    exitCodes: [...ofServers, 6],
    exitMeanings: {
      0: 'the key is right and stored',
      ...nothingSaved,
      6: 'the stored keys cannot be read or written',
      10: 'that is no Neuronpedia server',
      130: 'interrupted; nothing was stored',
    },
    load: () => import('./commands/login.ts'),
  },
  {
    name: 'logout',
    summary: 'forget the stored API key',
    options: [],
    examples: ['neuronpedia logout', 'neuronpedia logout --api-url https://neuronpedia.example.org'],
    exitCodes: [6],
    exitMeanings: {
      0: 'no key is stored for that server any more',
      6: 'the stored keys cannot be read or written',
    },
    load: () => import('./commands/logout.ts'),
  },
  ...uploadSpecs,
  {
    name: 'status',
    summary: 'show the server, the account and local jobs, one job, or one feature',
    argument: { name: 'ID', help: 'model/source/index or its URL, or a job as status lists it', required: false },
    options: ['all', 'text', 'verify', 'verifyRows', 'receipt', 'resolve'],
    examples: [
      'neuronpedia status',
      'neuronpedia status gpt2-small/6-my-res-16k/1234 --text "In the beginning"',
      'neuronpedia status 0bccbe95a159a47a --verify',
    ],
    exitCodes: [...ofServers, 6, 7, 11, 12],
    exitMeanings: {
      0: 'done',
      ...nothingSaved,
      6: 'there is no such job or feature',
      7: '--verify found a difference',
      12: 'the job is of another server, its files changed, or its journal cannot be written',
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
      ...nothingSaved,
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
    endsInOrder: true,
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
    exitCodes: [6, 11],
    exitMeanings: {
      0: 'ended by Ctrl-C or SIGTERM',
      6: 'its data cannot be kept there',
      11: 'another sandbox uses what --fresh would empty',
    },
    load: () => import('./commands/sandbox.ts'),
  },
];
