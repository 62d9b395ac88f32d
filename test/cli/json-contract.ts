import { fixture, tinySae } from './fixtures.ts';
import type { Home } from './home.ts';

/** A command line to run with `--json`, how it ends, and what is last on stdout. */
export interface JsonCase {
  readonly args: readonly string[];
  readonly code: number;
  /** Type of the last document. */
  readonly last: string;
  readonly stdin?: string;
  readonly key?: string;
  /** Whether to end it once it says that it is listening. */
  readonly untilListening?: boolean;
}

const place = ['--model', 'gpt2-small', '--layer', '2'];
const vector = ['upload-vector', fixture('vectors/random-768-f32.npy'), ...place];
const probe = ['upload-probe', fixture('probes/sklearn-binary.npz'), '--model', 'tiny-kjv-4l', '--layer', '1'];
const sae = ['upload-sae', tinySae];
const concept = ['--concept', 'truth'];
const error = (code: number, ...args: string[]): JsonCase => ({ args, code, last: 'error' });

/** What a case may need: files of the test, and ids and jobs that earlier cases made. */
export interface Made {
  readonly home: Home;
  readonly texts: string;
  readonly gappy: string;
  id: string;
  job: string;
}

/** At least one success of every command and each kind of error that it can meet here, in the order of the runs. */
export const jsonCases: Record<string, (made: Made) => readonly JsonCase[]> = {
  login: ({ home }) => [
    { args: ['login', '--with-token'], stdin: 'sandbox-free', code: 0, last: 'login' },
    { args: ['login', '--with-token'], stdin: 'no-such-key', code: 4, last: 'error' },
    { args: ['login', '--with-token'], stdin: 'two words', code: 4, last: 'error' },
    error(2, 'login'),
    error(2, 'login', '--sandbox'),
    { ...error(5, 'login', '--with-token', '--api-url', 'http://127.0.0.1:1'), stdin: 'sandbox-free' },
    error(2, 'login', home.folder),
  ],
  logout: () => [
    { args: ['logout'], code: 0, last: 'logout' },
    error(2, 'logout', '--sandbox'),
    error(2, 'logout', '--api-url', 'nowhere'),
  ],
  completion: () => [
    { args: ['completion', 'zsh'], code: 0, last: 'completion' },
    error(2, 'completion'),
    error(2, 'completion', 'tcsh'),
  ],
  'upload-vector': ({ home, texts }) => [
    {
      args: [...vector, '--name', 'json', '--activations', texts, '--auto-interp', '--list', 'L', '--score', 'fuzz'],
      code: 0,
      last: 'summary',
    },
    { args: [...vector, '--name', 'other', '--dry-run'], code: 0, last: 'summary' },
    error(2, ...vector),
    error(2, ...vector, '--name', 'x', '--strength', '301'),
    error(2, ...vector, '--name', 'x', '--strenght', '3'),
    error(6, 'upload-vector', `${home.folder}/none.npy`, ...place, '--name', 'x'),
    error(6, ...vector.slice(0, 2), '--model', 'gpt3', '--layer', '2', '--name', 'x'),
    error(6, ...vector, '--name', 'x', '--receipt', `${home.folder}/no/where`),
    { args: [...vector, '--name', 'x'], key: 'no-such-key', code: 4, last: 'error' },
    { args: [...vector, '--name', 'x'], key: 'sandbox-readonly', code: 4, last: 'error' },
  ],
  'upload-probe': () => [
    { args: [...probe, '--name', 'p', ...concept, '--metadata', 'auroc=0.9'], code: 0, last: 'summary' },
    error(2, ...probe, '--name', 'p'),
    error(2, ...probe, '--name', 'p', ...concept, '--raw-space', '--as-stored'),
    error(6, ...probe, '--name', 'p', ...concept, '--class', '7'),
  ],
  'upload-sae': ({ gappy, home }) => [
    {
      args: [...sae, '--sae-id', 'json', '--features', '0-9', '--verbose', '--receipt', `${home.folder}/r.jsonl`],
      code: 0,
      last: 'summary',
    },
    {
      args: [
        ...sae,
        '--sae-id',
        'rehearsed',
        '--dry-run',
        '--quiet',
        '--activations',
        fixture('sae-tiny/activations.jsonl'),
      ],
      code: 0,
      last: 'summary',
    },
    { args: [...sae, '--sae-id', 'free', '--features', '0-99'], key: 'sandbox-free', code: 0, last: 'summary' },
    {
      args: ['upload-sae', gappy, '--sae-id', 'bad', ...place, '--hook', 'resid-post', '--skip-bad-rows'],
      code: 3,
      last: 'summary',
    },
    {
      args: [
        ...sae,
        '--sae-id',
        'explained',
        '--features',
        '3-4',
        '--activations',
        fixture('sae-tiny/activations.jsonl'),
      ].concat('--auto-interp', '--interp-limit', '1', '--list', 'S', '--skip-dead'),
      code: 0,
      last: 'summary',
    },
    { args: [...sae, '--sae-id', 'part', '--shard', '1/64'], code: 0, last: 'summary' },
    { args: [...sae, '--sae-id', 'spent'], key: 'sandbox-free', code: 0, last: 'summary' },
    { args: [...sae, '--sae-id', 'paused'], key: 'sandbox-free', code: 8, last: 'summary' },
    { args: [...sae, '--sae-id', 'late', '--max-duration', '1ms'], code: 8, last: 'summary' },
    error(2, ...sae),
    error(2, ...sae, '--sae-id', 'My Set'),
    error(6, ...sae, '--sae-id', 'x', '--features', '512'),
    error(6, 'upload-sae', gappy, '--sae-id', 'x', ...place, '--hook', 'resid-post'),
    { args: [...sae, '--sae-id', 'x'], key: 'no-such-key', code: 4, last: 'error' },
  ],
  status: ({ id, job, home }) => [
    { args: ['status'], code: 0, last: 'status' },
    { args: ['status'], key: 'sandbox-free', code: 0, last: 'status' },
    { args: ['status'], key: 'no-such-key', code: 4, last: 'status' },
    { args: ['status', job], code: 0, last: 'job' },
    { args: ['status', job, '--verify'], code: 0, last: 'job' },
    { args: ['status', job, '--receipt', `${home.folder}/receipt.jsonl`], code: 0, last: 'job' },
    { args: ['status', id], code: 0, last: 'feature' },
    { args: ['status', id, '--text', 'a king'], code: 0, last: 'activation' },
    error(2, 'status', '--text', 'a king'),
    error(2, 'status', '--resolve', '3=absent'),
    error(6, 'status', 'no-such-job'),
    error(6, 'status', 'gpt2-small/1-x'),
    error(6, 'status', 'gpt2-small/1-x/1'),
    error(2, 'status', home.folder, 'two'),
  ],
  steer: ({ id }) => [
    { args: ['steer', id, '--prompt', 'And the king'], code: 0, last: 'steer' },
    { args: ['steer', `${id}@-5`, '--prompt', '-', '--no-stream'], stdin: 'And the king', code: 0, last: 'steer' },
    error(2, 'steer', id),
    error(2, 'steer', `${id}@many`, '--prompt', 'x'),
    error(6, 'steer', 'gpt2-small/1-x/1', '--prompt', 'x'),
  ],
  delete: ({ id, job }) => [
    error(2, 'delete', id),
    error(2, 'delete'),
    error(6, 'delete', '--job', 'no-such-job', '--yes'),
    { args: ['delete', id, '--dry-run'], code: 0, last: 'summary' },
    { args: ['delete', id, '--yes'], key: 'sandbox-research', code: 10, last: 'summary' },
    { args: ['delete', '--job', job, '--yes'], code: 0, last: 'summary' },
    { args: ['delete', id, '--yes'], code: 0, last: 'summary' },
  ],
  inspect: ({ home, gappy, texts }) => [
    { args: ['inspect', texts], code: 0, last: 'inspect' },
    { args: ['inspect', tinySae], code: 0, last: 'inspect' },
    { args: ['inspect', gappy, '--orientation', 'rows', '--strict'], code: 6, last: 'inspect' },
    error(6, 'inspect', `${home.folder}/none`),
    error(2, 'inspect', tinySae, '--orientation', 'up'),
    error(2, 'inspect'),
  ],
  sandbox: ({ home }) => [
    { args: ['sandbox', '--data', `${home.folder}/own`], code: 0, last: 'listening', untilListening: true },
    error(2, 'sandbox', '--port', 'any'),
    error(2, 'sandbox', '--rate-limit'),
  ],
};
