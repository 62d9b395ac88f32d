import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect } from 'vitest';
import { startSandbox } from '../../src/sandbox/index.ts';
import { type RanHere, runHere } from '../cli/in-process.ts';
import { npyImage } from '../fixtures.ts';
import { isPolluted } from './json-lies.ts';
import { falsehood, lyingServer } from './lying-server.ts';
import { inTime } from './promise.ts';
import { type Property, property } from './property.ts';

const width = 64;
const vectorOf = (divisor: number, length: number) =>
  new Uint8Array(Float32Array.from({ length }, (_, i) => i / divisor).buffer);

/** Starts a sandbox that holds a vector, behind a server that lies, and writes files to upload. */
async function openWorld(isPublic: boolean) {
  const folder = mkdtempSync(join(tmpdir(), 'np-fuzz-world-'));
  const sandbox = await startSandbox({ dataDir: join(folder, 'data'), public: isPublic });
  const liar = await lyingServer(sandbox.url);
  writeFileSync(join(folder, 'v.npy'), npyImage('<f4', false, [width], vectorOf(7, width)));
  writeFileSync(join(folder, 'W.npy'), npyImage('<f4', false, [3, width], vectorOf(9, 3 * width)));
  const acts = [0, 1, 2].map((index) => JSON.stringify({ index, activations: [{ tokens: ['a'], values: [1] }] }));
  writeFileSync(join(folder, 'acts.jsonl'), acts.join('\n'));
  writeFileSync(join(folder, 'texts.jsonl'), '{"tokens":["a"],"values":[1]}');
  const makeVector = async () => {
    const headers = { 'x-api-key': sandbox.apiKey, 'content-type': 'application/json' };
    const steering = { hookType: 'hook_resid_post', vectorDefaultSteerStrength: 10, vectorLabel: 'v' };
    const body = JSON.stringify({
      modelId: 'tiny-kjv-4l',
      layerNumber: 1,
      ...steering,
      vector: Array(width).fill(0.5),
    });
    const response = await fetch(`${sandbox.url}/api/vector/new`, { method: 'POST', headers, body });
    const { vector } = (await response.json()) as { vector: { modelId: string; source: string; index: string } };
    return `${vector.modelId}/${vector.source}/${vector.index}`;
  };
  const close = async () => {
    await liar.close();
    await sandbox.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { folder, liar, key: sandbox.apiKey, id: await makeVector(), makeVector, close };
}
type World = Awaited<ReturnType<typeof openWorld>>;

/** Each is started by the first case that needs it, and shared by all later ones. */
const worlds = new Map<boolean, Promise<World>>();

function worldOf(isPublic: boolean): Promise<World> {
  const world = worlds.get(isPublic) ?? openWorld(isPublic);
  worlds.set(isPublic, world);
  return world;
}

export async function closeWorlds(): Promise<void> {
  for (const world of worlds.values()) await (await world).close();
  worlds.clear();
}

let serial = 0;
const place = ['--model', 'tiny-kjv-4l', '--layer', '1'];
const sae = (folder: string) => [
  'upload-sae',
  join(folder, 'W.npy'),
  ...place,
  '--orientation',
  'rows',
  '--activations',
  join(folder, 'acts.jsonl'),
  '--settle-timeout',
  '0s',
];

/** Commands that together make every kind of request. */
const commands: Record<string, (world: World) => string[] | Promise<string[]>> = {
  status: () => ['status'],
  'status ID': ({ id }) => ['status', id],
  'status ID --text': ({ id }) => ['status', id, '--text', 'so be it'],
  steer: ({ id }) => ['steer', id, '--prompt', 'In the beginning', '--no-stream'],
  'steer, streamed': ({ id }) => ['steer', id, '--prompt', 'In the beginning'],
  'delete ID': async ({ makeVector }) => ['delete', await makeVector(), '--yes'],
  login: () => ['login', '--with-token'],
  'upload-vector': ({ folder }) => [
    'upload-vector',
    join(folder, 'v.npy'),
    ...place,
    '--name',
    `v${serial++}`,
    '--list',
    'mine',
  ],
  'upload-vector --auto-interp': ({ folder }) => [
    'upload-vector',
    join(folder, 'v.npy'),
    ...place,
    '--name',
    `v${serial++}`,
    '--activations',
    join(folder, 'texts.jsonl'),
    '--auto-interp',
    '--score',
    'eleuther_fuzz',
  ],
  'upload-sae': ({ folder }) => [...sae(folder), '--sae-id', `s${serial++}`],
  'upload-sae --as vectors': ({ folder }) => [
    'upload-sae',
    join(folder, 'W.npy'),
    ...place,
    '--orientation',
    'rows',
    '--as',
    'vectors',
    '--hook',
    'resid-post',
    '--sae-id',
    `s${serial++}`,
    '--settle-timeout',
    '0s',
  ],
  'upload-sae --dry-run': ({ folder }) => [...sae(folder), '--sae-id', `s${serial++}`, '--dry-run'],
};

const exitCodes = [0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

/** Characters that a terminal would act on, except the newlines that end lines. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const obeyed = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;

/** Checks what must hold whatever a server says: a documented exit code, valid JSON, nothing a terminal acts on. */
export function expectOrderly({ code, stdout, stderr, error }: RanHere, json: boolean): void {
  if (error?.code === 'bug') throw error.cause ?? error;
  expect(exitCodes, stderr).toContain(code);
  const written = stdout + stderr;
  expect(obeyed.exec(written)?.[0], written.slice(0, 2000)).toBeUndefined();
  if (json) for (const line of stdout.split('\n').filter((line) => line !== '')) JSON.parse(line);
}

/** Runs one of the commands against the lying server, with its own state folder. */
async function ranAt(world: World, argvOf: (typeof commands)[string], json: boolean): Promise<RanHere> {
  const state = mkdtempSync(join(world.folder, 'state-'));
  const folders = { NEURONPEDIA_CONFIG_DIR: join(state, 'config'), NEURONPEDIA_STATE_DIR: state };
  const argv = [...(await argvOf(world)), '--api-url', world.liar.url, '--verbose', ...(json ? ['--json'] : [])];
  try {
    return await inTime(() => runHere(argv, { env: { ...folders, NEURONPEDIA_API_KEY: world.key }, stdin: world.key }));
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

function answersOf(kind: string, isPublic: boolean, runs: number): Property[] {
  return Object.entries(commands).map(([name, argvOf]) =>
    property(
      kind,
      `${name}: whatever it answers, the end is orderly`,
      runs,
      fc.tuple(falsehood, fc.boolean()),
      async ([told, json]) => {
        const world = await worldOf(isPublic);
        world.liar.tell(told);
        expectOrderly(await ranAt(world, argvOf, json), json);
        expect(isPolluted()).toBe(false);
      },
    ),
  );
}

export const answerProperties: readonly Property[] = [
  ...answersOf('upload-protocol server', false, 12),
  ...answersOf('public server', true, 8),
];

/** Returns the commands that fail even without a lie: for these, the properties above would prove nothing. */
export async function failingCommands(): Promise<string[]> {
  const failing: string[] = [];
  for (const isPublic of [false, true]) {
    const world = await worldOf(isPublic);
    world.liar.tell(undefined);
    for (const [name, argvOf] of Object.entries(commands)) {
      // The public server lets a model explain features only for users who have stored a key for one.
      if (isPublic && name.includes('--auto-interp')) continue;
      const { code, stderr } = await ranAt(world, argvOf, false);
      if (code !== 0) failing.push(`${name} (${isPublic}): ${code}: ${stderr.slice(-300)}`);
    }
  }
  return failing;
}
