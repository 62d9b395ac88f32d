import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect } from 'vitest';
import { startSandbox } from '../../src/sandbox/index.ts';
import { safetensorsOf } from '../fixtures.ts';
import { some } from '../some.ts';
import { fixture, npyFile, tinySae } from './fixtures.ts';
import { type Home, test } from './home.ts';
import { writePageFiles } from './page-folder.ts';
import { allBlocks, runBash } from './readme-blocks.ts';
import { documentsOf, linesOf, type Ran } from './run-cli.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Widths of the models that the README names. */
const widths: Record<string, number> = { 'gpt2-small': 768, 'gemma-2b-it': 2048, 'gemma-2-2b': 2304 };

/** Writes the files that a command names, as wide as its model. Formats are told by content, not by name. */
function writeFiles(folder: string, command: string): void {
  const width = widths[/--model (\S+)/.exec(command)?.[1] ?? ''] ?? 64;
  const put = (name: string, bytes: Uint8Array | string) => writeFileSync(join(folder, name), bytes);
  writePageFiles(folder);
  cpSync(join(folder, 'my-crosscoder'), join(folder, 'crosscoder'), { recursive: true });
  put('refusal.npy', npyFile([width], Math.sin));
  put('means.npy', npyFile([26, width], Math.sin));
  put('W_dec.npy', npyFile([5, width], Math.sin));
  put('W_dec.npz', safetensorsOf({ W_dec: [5, 2, width] }));
  put('probe.npz', safetensorsOf({ coef: [1, width], intercept: [1] }));
  put('head.safetensors', safetensorsOf({ weight: [3, width], bias: [3] }));
  put(
    'density.npy',
    npyFile([512], (i) => (i % 8) / 10),
  );
  put('texts.jsonl', '{"tokens":["a"," king"],"values":[0,2]}\n');
  const names = Array.from({ length: 512 }, (_, index) => JSON.stringify({ index, name: `feature ${index}` }));
  put('features.jsonl', names.join('\n'));
}

/** Returns the commands of a block without their trailing comments. */
function commandsOf(text: string): string[] {
  const lines = text.split('\n').map((line) => line.replace(/ {2,}#.*$/, '').trim());
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}

const blocks = allBlocks();
const shell = blocks.filter(({ language }) => language === 'sh');
const run = shell.filter(({ notRun, text }) => notRun === undefined && !text.includes('SLURM'));
const commands = run.flatMap(({ text }) => commandsOf(text));
/** The commands that are shown for the public server. */
const forPublic = commandsOf(run.at(-1)?.text ?? '');

/** Blocks that show a screen: commands, and what they print. */
const screens = blocks.filter(({ language, text }) => language === '' && /^\$ neuronpedia /m.test(text));

test('every README block is run here, in readme-ci.test.ts or in packed.test.ts, or says why it is not', () => {
  const languages = blocks.map(({ language }) => language);
  expect([...new Set(languages)].sort()).toEqual(['', 'js', 'sh', 'yaml']);
  expect(shell.filter(({ notRun }) => notRun !== undefined)).toHaveLength(3);
  expect(run).toHaveLength(5);
  expect(commands).toHaveLength(17);
  for (const command of commands) expect(command).toMatch(/^neuronpedia /);
  // Besides screens: excerpts about a sweep and a spent quota (see below), a report of test:soak, events (see
  // json-contract.test.ts), and a diagram of how the parts fit together.
  const others = blocks.filter((block) => block.language === '' && !screens.includes(block));
  expect(others.map(({ text }) => text.slice(0, 8))).toEqual([
    'SAEs    ',
    'quota   ',
    'kills by',
    '{"v":1,"',
    'path ─► ',
  ]);
});

describe.concurrent('the README', () => {
  test.for(some(commands, 4))('has a working command: %s', async (command, { home }) => {
    const sandbox = home.own(
      await startSandbox({ dataDir: join(home.folder, 'server'), public: forPublic.includes(command) }),
    );
    const cwd = join(home.folder, 'work');
    mkdirSync(cwd);
    writeFiles(cwd, command);
    // There is nobody to type the key.
    const typed = command === 'neuronpedia login' ? `${command} --with-token <<< sandbox-bulk` : command;
    const key = command === 'neuronpedia login' ? {} : { NEURONPEDIA_API_KEY: 'sandbox-bulk' };
    const ran = await runBash(typed, { cwd, env: { ...home.env, NEURONPEDIA_API_URL: sandbox.url, ...key } });
    expect(ran.code, ran.stderr).toBe(0);
  });

  test.for(some(screens, 3))('shows the output that its commands really print: $text', async ({ text }, { home }) => {
    await before(home, text);
    for (const [command = '', ...shown] of screensIn(text)) {
      const job = await jobIn(home, command);
      const ran = await runBash(`${job} 2>&1`, { cwd: root, env: home.env });
      expect(ran.code, ran.stdout).toBe(0);
      expect(plain(linesOf(ran.stdout))).toEqual(plain(shown));
    }
  });
});

test('the README shows what a command really prints when the quota is spent', async ({ home }) => {
  const text = blocks.find((block) => block.text.startsWith('quota '))?.text ?? '';
  const command = /go on with: (neuronpedia .*)/.exec(text)?.[1] ?? '';
  writePageFiles(home.folder);
  const cwd = join(home.folder, 'every-layer');
  const ran = await runBash(`${command} 2>&1`, {
    cwd,
    env: { ...home.env, NEURONPEDIA_SANDBOX_TIER: 'free', TZ: 'Europe/Berlin' },
  });
  expect(ran.code, ran.stdout).toBe(8);
  const [written, shown] = [plain(linesOf(ran.stdout)), plain(linesOf(text))];
  expect(written.slice(written.indexOf(shown[0] ?? ''))).toEqual(shown);
});

test('the README shows what a sweep really prints', async ({ home }) => {
  const text = blocks.find((block) => block.text.startsWith('SAEs '))?.text ?? '';
  writePageFiles(home.folder);
  const command = 'neuronpedia upload-sae every-layer --sae-id demo --sandbox';
  const ran = await runBash(command, { cwd: home.folder, env: home.env });
  expect(ran.code, ran.stderr).toBe(0);
  const written = linesOf(ran.stderr);
  const at = written.indexOf(linesOf(text)[0] ?? '');
  expect(written.slice(at, at + linesOf(text).length)).toEqual(linesOf(text));
});

/** Makes the upload that a screen is about, before its commands are run. */
async function before(home: Home, text: string): Promise<void> {
  const uploads: [pattern: RegExp, args: readonly string[]][] = [
    [/--verify/, ['upload-sae', tinySae, '--sae-id', 'checked', '--sandbox']],
    [
      /\$ neuronpedia steer/,
      ['upload-vector', fixture('vectors/woman-minus-man-64-f32.npy'), '--name', 'woman − man', '--sandbox-public'],
    ],
  ];
  for (const [pattern, args] of uploads) {
    if (!pattern.test(text)) continue;
    const place = args[0] === 'upload-vector' ? ['--model', 'tiny-kjv-4l', '--layer', '1'] : [];
    const ran: Ran = await home.run([...args, ...place, '--json']);
    expect(ran.code, ran.stderr).toBe(0);
    const summary = documentsOf(ran).at(-1);
    made.set(home, summary.id ?? summary.jobs[0].job);
  }
}

/** Ids are assigned by a server: these take the place of those in the README. */
const made = new WeakMap<Home, string>();

async function jobIn(home: Home, command: string): Promise<string> {
  const id = made.get(home);
  if (id === undefined) return command;
  return command.replace(/\b[0-9a-f]{16}\b/, id).replace(/tiny-kjv-4l\/\S*\/\d{8,}/, id);
}

/** Returns the commands of a screen, each with the lines below it. */
function screensIn(text: string): string[][] {
  return text.split(/^\$ /m).flatMap((part) => (part.trim() === '' ? [] : [part.trimEnd().split('\n')]));
}

/** Removes what differs from run to run (folders, ids, times, bars), and separates text that is shown side by side. */
function plain(lines: readonly string[]): string[] {
  return lines
    .join('\n')
    .replace(/data in\s+.*/g, 'data in FOLDER')
    .split('\n')
    .filter((line) => !/█{20}|^ *\d+ % {2}/.test(line))
    .flatMap((line, i, all) => (line.includes('│') ? sideOf(all, i) : [line]))
    .map((line) =>
      line
        .replace(/begun (?:\d{4}-\d\d-\d\d )?\d\d:\d\d(?: on \d{4}-\d\d-\d\d)?(?: UTC| \([^)]* UTC\))$/, 'begun MOMENT')
        .replace(/^ *\d+ batch(es)?$/, 'BATCHES')
        // The date is missing if it is today's, as it is in the hour before midnight UTC.
        .replace(/\d\d:\d\d(?: on \d{4}-\d\d-\d\d(?: \([^)]*\))?| \([^)]* UTC\))/g, 'MOMENT')
        .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
        .replace(/\b[0-9a-f]{16}\b/g, 'JOB')
        .replace(/\/\d{8,}/g, '/INDEX')
        .trim(),
    )
    .filter((line) => line !== '');
}

/** Of texts that are shown side by side, returns the left one for its first line and the right one for its last. */
function sideOf(lines: readonly string[], at: number): string[] {
  const isBeside = (i: number) => lines[i]?.includes('│') === true;
  let [first, last] = [at, at];
  while (isBeside(first - 1)) first--;
  while (isBeside(last + 1)) last++;
  const side = (which: 0 | 1) => lines.slice(first, last + 1).map((line) => line.split('│')[which] ?? '');
  return [...(at === first ? side(0) : []), ...(at === last ? side(1) : [])];
}
