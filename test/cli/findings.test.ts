import { describe, expect, test as plainTest } from 'vitest';
import { AppError } from '../../src/errors.ts';
import { npyFile, tinySae } from './fixtures.ts';
import { type Home, testHere as test } from './home.ts';
import { runHere } from './in-process.ts';
import { documentsOf, linesOf } from './run-cli.ts';
import { testTerminal } from './terminal.ts';

/** Writes a matrix of 40 rows, the first `bad` of which hold a NaN. */
function gappy(home: Home, bad: number): string {
  const value = (i: number) => (i % 64 === 7 && i < bad * 64 ? Number.NaN : Math.sin(i));
  return home.file('gappy.npy', npyFile([40, 64], value));
}

/** Writes 40 lines of examples, the first `bad` of which have an empty token. */
function texts(home: Home, bad: number): string {
  const line = (index: number) => JSON.stringify({ index, tokens: [index < bad ? '' : 'a'], values: [1] });
  return home.file('texts.jsonl', `${Array.from({ length: 40 }, (_, index) => line(index)).join('\n')}\n`);
}

const place = ['--model', 'tiny-kjv-4l', '--layer', '1', '--hook', 'resid-post', '--sae-id', 'bad', '--sandbox'];

describe('an error that lists findings', () => {
  test('says what is wrong, then lists each finding on an indented line of its own', async ({ home }) => {
    const rows = await home.run(['upload-sae', gappy(home, 25), ...place]);
    expect(rows.code).toBe(6);
    const lines = linesOf(rows.stderr);
    const at = lines.findIndex((line) => line.startsWith('neuronpedia: error: '));
    expect(lines[at]).toMatch(/gappy.npy: 25 rows hold NaN or infinity \(the first 20 of 25\):$/);
    const listed = Array.from({ length: 20 }, (_, row) => `  row ${row}, value 7: NaN`);
    expect(lines.slice(at + 1, at + 21)).toEqual(listed);
    expect(lines[at + 21]).toMatch(/^neuronpedia: hint: /);

    const few = await home.run([
      'upload-sae',
      tinySae,
      '--sae-id',
      'bad',
      '--sandbox',
      '--activations',
      texts(home, 3),
    ]);
    expect(few.stderr).toMatch(
      /error: .*texts.jsonl: 3 records cannot be uploaded:\n( {2}line \d, .*\n){3}neuronpedia: hint:/,
    );
  });

  test('keeps a single finding on the same line', async ({ home }) => {
    const { stderr } = await home.run(['upload-sae', gappy(home, 1), ...place]);
    expect(stderr).toMatch(/1 row holds NaN or infinity: row 0, value 7: NaN\n/);
  });

  test('with --json has the sentence and the lines as its message, and a list of the findings', async ({ home }) => {
    const ran = await home.run(['upload-sae', gappy(home, 25), ...place, '--json']);
    const [error] = documentsOf(ran);
    expect(error).toMatchObject({ type: 'error', code: 'not_finite', details: { count: 25 } });
    expect(error.details.findings).toHaveLength(20);
    expect(error.details.findings[3]).toBe('row 3, value 7: NaN');
    expect(error.message.split('\n')).toHaveLength(21);
    expect(error.message.split('\n')[0]).toMatch(/25 rows hold NaN or infinity \(the first 20 of 25\):$/);
  });

  test('fits the terminal, with the list indented below the sentence', async ({ home }) => {
    const terminal = testTerminal(50, 200);
    await runHere(['upload-sae', tinySae, '--sae-id', 'bad', '--sandbox', '--activations', texts(home, 30)], {
      env: home.env,
      stderr: terminal.stream,
      options: { progress: false },
    });
    const lines = terminal.lines();
    expect(lines.filter((line) => /^ {2}line \d+, /.test(line))).toHaveLength(20);
    const own = lines.filter((line) => !line.includes(home.folder));
    for (const line of own) expect(line.length).toBeLessThanOrEqual(50);
  });

  test('has the same form in the warning about skipped rows and in inspect', async ({ home }) => {
    const left = await home.run(['upload-sae', gappy(home, 25), ...place, '--skip-bad-rows', '--dry-run']);
    expect(left.stderr).toMatch(
      /warning: 25 rows are left out \(the first 20 of 25\):\n( {2}row \d+: value 7 is NaN\n){20}dry/,
    );
    const strict = await home.run(['inspect', texts(home, 3), '--strict']);
    expect(strict.code).toBe(6);
    expect(strict.stdout).toMatch(/texts.jsonl: 3 records cannot be uploaded:\n( +line \d, .*\n){3} +hint: /);
    const json = documentsOf(await home.run(['inspect', texts(home, 3), '--json']))[0];
    expect(json.findings[0].list).toHaveLength(3);
  });
});

plainTest('indents the further lines of a finding below its first', () => {
  const error = new AppError('findings', 'two things', { findings: { first: ['a:\n  b', 'c'], count: 2 } });
  expect(error.message).toBe('two things:\n  a:\n    b\n  c');
  expect(error.details).toEqual({ findings: ['a:\n  b', 'c'] });
});
