import { readdirSync } from 'node:fs';
import { Chalk } from 'chalk';
import { describe, expect } from 'vitest';
import { bars } from '../../src/cli/inspect/bars.ts';
import type { Page } from '../../src/cli/output.ts';
import { safetensorsOf } from '../fixtures.ts';
import { fixture, npyFile, tinySae } from './fixtures.ts';
import { test } from './home.ts';
import { documentsOf, linesOf } from './run-cli.ts';
import { serveAlways } from './web-server.ts';

/** A server that answers nobody: any request to it would fail. */
const nowhere = { NEURONPEDIA_API_URL: 'http://127.0.0.1:9' };

const formats: [format: string, file: string][] = [
  ['npy', 'sae-tiny-encodings/W_dec.npy'],
  ['npz', 'sae-tiny-encodings/W_dec_deflated.npz'],
  ['safetensors', 'sae-tiny-encodings/W_dec_bf16.safetensors'],
  ['safetensors.index.json', 'safetensors/model.safetensors.index.json'],
  ['arrow', 'sae-tiny-encodings/W_dec_zstd.arrow'],
  ['json', 'json/matrix.json'],
];

describe.concurrent('inspect', () => {
  for (const [format, file] of formats) {
    test(`reads ${format} without a key or a server`, async ({ home }) => {
      const ran = await home.run(['inspect', fixture(file), '--json'], { env: nowhere });
      expect(ran).toMatchObject({ code: 0, stderr: '' });
      const [document, ...more] = documentsOf(ran);
      expect(more).toEqual([]);
      expect(document).toMatchObject({ v: 1, type: 'inspect', path: fixture(file), files: [{ format }] });
    });
  }

  test('describes an SAE and shows what to type, with nothing on stderr and no state left behind', async ({ home }) => {
    const ran = await home.run(['inspect', tinySae, '--strict'], { env: nowhere });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toMatch(/^decoder {2}W_dec F32 \[512, 64\]: 512 features of 64 values$/m);
    expect(ran.stdout).toMatch(/^ +rows: b_dec has 64 values, b_enc has 512 values$/m);
    expect(ran.stdout).toMatch(/^dead {5}0 of 512/m);
    expect(ran.stdout).toMatch(/^findings none$/m);
    expect(linesOf(ran.stdout).at(-1)?.trim()).toBe(`neuronpedia upload-sae ${tinySae} --sae-id NAME`);
    expect(ran.stdout).not.toContain('\x1b');
    expect(
      Math.max(
        ...linesOf(ran.stdout)
          .filter((line) => line.includes('█'))
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(80);
    expect(readdirSync(home.folder)).toEqual([]);
  });

  test('contacts no server, even if one is named', async ({ home }) => {
    const server = home.own(await serveAlways(500, 'text/plain', 'asked'));
    const ran = await home.run(['inspect', tinySae, '--api-url', server.url], {
      env: { NEURONPEDIA_API_KEY: 'sandbox-bulk' },
    });
    expect(ran.code).toBe(0);
    expect(server.seen).toEqual([]);
  });

  test('shows a command that uploads what it inspected', async ({ home }) => {
    const ran = await home.run(['inspect', fixture('sae-tiny-encodings/W_dec.npy'), '--json']);
    const [{ commands }] = documentsOf(ran);
    expect(commands).toHaveLength(1);
    expect(commands[0].toGive).toEqual(['--sae-id', '--model', '--layer', '--hook', '--orientation']);
    const values: Record<string, string> = {
      NAME: 'shown',
      ID: 'tiny-kjv-4l',
      N: '1',
      HOOK: 'resid-post',
      AXIS: 'rows',
    };
    const words = (commands[0].command as string).split(' ').map((word) => values[word] ?? word);
    const uploaded = await home.run([...words.slice(1), '--sandbox', '--json']);
    expect(uploaded.code).toBe(0);
    expect(documentsOf(uploaded).at(-1)).toMatchObject({ status: 'done', jobs: [{ confirmed: 512 }] });
  });

  test('takes --head-axis for a crosscoder with ambiguous axes, and puts it into the command', async ({ home }) => {
    const file = home.file('cc.npy', npyFile([2, 5, 64], Math.sin));
    const unsaid = await home.run(['inspect', file]);
    expect(unsaid.stdout).toContain('hint: --head-axis first: 2 heads');
    const [{ saes, commands }] = documentsOf(await home.run(['inspect', file, '--head-axis', 'first', '--json']));
    expect(saes).toMatchObject([{ features: 5, width: 64, head: { index: 0, of: 2 } }, { head: { index: 1 } }]);
    expect(commands).toMatchObject([{ command: expect.stringContaining(`${file} --head-axis first --sae-id NAME`) }]);
  });

  test('puts --raw-space into the command for a probe of scaled features', async ({ home }) => {
    const ran = await home.run(['inspect', fixture('probes/sklearn-scaled.npz'), '--json']);
    const [{ commands, vectors }] = documentsOf(ran);
    expect(vectors).toMatchObject([{ scaler: expect.stringContaining('scale') }]);
    expect(commands).toMatchObject([{ command: expect.stringContaining(' --raw-space --model ID ') }]);
  });

  test('fails on findings with --strict, in one document with --json', async ({ home }) => {
    const file = home.file(
      'odd.npy',
      npyFile([6, 4], (i) => (i === 5 ? Number.NaN : i < 4 ? 0 : i % 4)),
    );
    const args = ['inspect', file, '--orientation', 'rows'];
    const [loose, strict, json] = await Promise.all([
      home.run(args),
      home.run([...args, '--strict']),
      home.run([...args, '--strict', '--json']),
    ]);
    expect(loose).toMatchObject({ code: 0, stderr: '' });
    expect(strict.code).toBe(6);
    expect(strict.stdout).toBe(loose.stdout);
    expect(strict.stderr).toMatch(
      /^neuronpedia: error: .*odd\.npy: 3 findings:\n {2}.*NaN.*\n {2}.*of zeros.*\n {2}.*equal to/,
    );
    expect(json.code).toBe(6);
    const [document, ...more] = documentsOf(json);
    expect(more).toEqual([]);
    expect(document).toMatchObject({ status: 'findings', error: { code: 'findings', exitCode: 6 } });
    expect(document.findings.map(({ code }: { code: string }) => code)).toEqual([
      'not_finite',
      'zero_rows',
      'duplicate_rows',
    ]);
  });

  test('exits with 6 on a damaged file even without --strict, with the error of an upload', async ({ home }) => {
    const file = fixture('malformed/cut_in_data.npy');
    const [looked, uploaded] = await Promise.all([
      home.run(['inspect', file]),
      home.run(['upload-sae', file, '--sae-id', 'x', '--sandbox']),
    ]);
    expect(looked).toMatchObject({ code: 6, stdout: '' });
    expect(uploaded.code).toBe(6);
    expect(uploaded.stderr).toContain(linesOf(looked.stderr)[0]);
  });

  test('shows tensor names without obeying the control characters in them', async ({ home }) => {
    const file = home.file('named.safetensors', safetensorsOf({ '\x1b[31mred\x1b]0;title\x07': [4] }));
    const ran = await home.run(['inspect', file]);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain('\\x1b[31mred');
    expect(ran.stdout).not.toMatch(/[^\P{Cc}\n]/u);
  });

  test('draws bars in ASCII, and prints nothing else, if the locale is C', async ({ home }) => {
    const ran = await home.run(['inspect', tinySae], { env: { LC_ALL: 'C' } });
    expect(ran.stdout).toMatch(/^ +0\.01 to +0\.018 {2}#+ 123$/m);
    expect(ran.stdout).toMatch(/^[\n -~]+$/);
  });
});

describe('histogram bars', () => {
  const histogram = { scale: 'linear', edges: [0, 0.5, 1, 1.5], counts: [1, 1000, 0] } as const;
  const page = (columns: number, unicode = true): Page => ({
    columns,
    room: columns,
    unicode,
    paint: new Chalk({ level: 0 }),
  });

  test('follow the width of the terminal, and are empty only for a count of zero', () => {
    for (const columns of [30, 40, 80, 200]) {
      const [few, many, none] = bars(histogram, page(columns), '') as [string, string, string];
      expect(few).toMatch(/^0\.0 to 0\.5 {2}▏ 1$/);
      expect(many).toMatch(/^0\.5 to 1\.0 {2}█+ 1,000$/);
      expect(none).toBe('1.0 to 1.5  0');
      expect(many.length).toBeLessThanOrEqual(columns);
      expect(many.length).toBeGreaterThan(Math.min(columns, 75) - 6);
    }
    expect(bars(histogram, page(40, false), '')[0]).toBe('0.0 to 0.5  # 1');
  });
});
