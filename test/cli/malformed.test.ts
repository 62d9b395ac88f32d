import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { some } from '../some.ts';
import { errorsOf, expectFailure, expectJsonFailure } from './failures.ts';
import { fixture } from './fixtures.ts';
import { test } from './home.ts';
import { documentsOf } from './run-cli.ts';
import { everythingIn } from './sandbox-process.ts';

const folder = fixture('malformed');
const all = readdirSync(folder).filter((name) => existsSync(`${folder}/${name}.json`));
// test/formats puts each of them through the reader; a process for each would take a minute, so some are tried.
const files = some(
  all.filter((_, i) => i % 4 === 0),
  4,
);

/** Returns the pattern in the file's sidecar that a useful message matches in lower case. */
const wanted = (name: string) => new RegExp(JSON.parse(readFileSync(`${folder}/${name}.json`, 'utf8')).error);

// No model has these widths: only with a model yet to be created does every check get as far as the values.
const place = ['--model', 'of-my-own', '--create-model', '4'];

const commandOf = (name: string) => {
  const rest = ['--layer', '1', '--orientation', 'rows', '--sae-id', 'x'];
  return ['upload-sae', `${folder}/${name}`, ...place, ...rest];
};

describe.concurrent('upload-sae of a malformed file', () => {
  for (const name of files) {
    test(`exits with 6, says what is wrong with ${name} and stores nothing`, async ({ home, server }) => {
      const ran = await home.runAt(server.url, [...commandOf(name), '--json']);
      expectJsonFailure(ran, 6);
      expect(errorsOf(ran)[0]).toContain(name);
      expect(ran.stderr.toLowerCase()).toMatch(wanted(name));
      expect(ran.stderr).toContain('neuronpedia: hint: ');
      expect(documentsOf(ran).at(-1).hint).not.toBe('');
      expect(everythingIn(server.data).flat()).toEqual([]);
    });
  }

  for (const name of ['header_deep.safetensors', 'value_nan.npy']) {
    test(`leaves stdout empty without --json for ${name}, and stores nothing`, async ({ home, server }) => {
      expectFailure(await home.runAt(server.url, commandOf(name)), 6);
      expect(everythingIn(server.data).flat()).toEqual([]);
    });
  }
});
