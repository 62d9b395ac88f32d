import { readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { commandSpecs } from '../../src/cli/command-specs.ts';
import { flagOf } from '../../src/cli/options.ts';
import { test } from './home.ts';

describe.concurrent('--help', () => {
  for (const spec of commandSpecs) {
    test(`of ${spec.name} shows its options, examples and the exit codes`, async ({ home }) => {
      const ran = await home.run([spec.name, '--help']);
      expect(ran).toMatchObject({ code: 0, stderr: '' });
      expect(ran.stdout).toMatch(/^Usage: neuronpedia /);
      for (const example of spec.examples) expect(ran.stdout).toContain(example);
      expect(ran.stdout).toMatch(/Examples:/);
      expect(ran.stdout).toMatch(/Exit codes:\n.*0 done.*2 usage/);
      for (const name of spec.options) expect(ran.stdout).toContain(flagOf(name));
    });
  }

  test('without a command names every command', async ({ home }) => {
    const ran = await home.run(['--help']);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    for (const { name } of commandSpecs) expect(ran.stdout).toContain(name);
  });
});

describe('--version', () => {
  test('prints the version of the package', async ({ home }) => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(await home.run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });
});
