import { describe, expect } from 'vitest';
import { some } from '../some.ts';
import { fixture, rowsOf, tinySae } from './fixtures.ts';
import { test } from './home.ts';
import { storedFeatures } from './sandbox-process.ts';

const encodings = (name: string) => fixture(`sae-tiny-encodings/${name}`);
const place = ['--model', 'tiny-kjv-4l', '--layer', '1', '--hook', 'resid-post'];

describe.concurrent('upload-sae of one SAE in several encodings', () => {
  // As tiny-kjv-4l is 64 wide, each of them can only be read one way up.
  const same = [
    ['npy', 'W_dec.npy'],
    ['fortran', 'W_dec_fortran.npy'],
    ['transposed', 'W_dec_transposed.npy'],
    ['big-endian', 'W_dec_be.npy'],
  ] as const;
  for (const [name, file] of some(same, 2)) {
    test(`stores the same rows from ${file} as the SAE's own file holds`, async ({ home, server }) => {
      const command = ['upload-sae', encodings(file), ...place, '--sae-id', name];
      expect(await home.runAt(server.url, command)).toMatchObject({ code: 0 });
      const stored = storedFeatures(server.data, `1-${name}`);
      expect(stored.map(({ vector }) => vector)).toEqual(
        await rowsOf(fixture('sae-tiny/sae_weights.safetensors'), 'W_dec'),
      );
      for (const { hookName } of stored) expect(hookName).toBe('blocks.1.hook_resid_post');
    });
  }

  const rounded = [
    ['half', 'W_dec_f16.npy', ''],
    ['bfloat', 'W_dec_bf16.safetensors', 'W_dec'],
    ['double', 'W_dec_f64.npy', ''],
  ] as const;
  for (const [name, file, tensor] of some(rounded, 2)) {
    test(`stores the values of ${file} as float32`, async ({ home, server }) => {
      const command = ['upload-sae', encodings(file), ...place, '--sae-id', name];
      expect(await home.runAt(server.url, command)).toMatchObject({ code: 0 });
      const stored = storedFeatures(server.data, `1-${name}`).map(({ vector }) => vector);
      expect(stored).toEqual(await rowsOf(encodings(file), tensor));
    });
  }

  test('recognises rows that are already stored when they come in another encoding', async ({ home, server }) => {
    const id = ['--sae-id', 'both'];
    const first = await home.runAt(server.url, ['upload-sae', tinySae, ...id, '--features', '0-299']);
    expect(first).toMatchObject({ code: 0 });
    const other = await home.runAt(server.url, ['upload-sae', encodings('W_dec_transposed.npy'), ...place, ...id], {
      env: { NEURONPEDIA_STATE_DIR: `${home.folder}/other-state` },
    });
    expect(other).toMatchObject({ code: 0 });
    expect(other.stderr).toMatch(/300 of them there already, 212 sent now/);
    expect(storedFeatures(server.data, '1-both')).toHaveLength(512);
  });

  test('refuses to upload other values for rows that are already stored', async ({ home, server }) => {
    const id = ['--sae-id', 'other', '--features', '0-9'];
    expect(await home.runAt(server.url, ['upload-sae', tinySae, ...id])).toMatchObject({ code: 0 });
    const before = storedFeatures(server.data, '1-other');
    const ran = await home.runAt(server.url, ['upload-sae', encodings('W_dec_f16.npy'), ...place, ...id], {
      env: { NEURONPEDIA_STATE_DIR: `${home.folder}/other-state` },
    });
    expect(ran).toMatchObject({ code: 10, stdout: '' });
    expect(ran.stderr).toMatch(/neuronpedia: hint: .*(delete|--sae-id)/);
    expect(storedFeatures(server.data, '1-other')).toEqual(before);
  });

  test('stops if the file is no longer the one that the job was started with', async ({ home, server }) => {
    const id = ['--sae-id', 'changed'];
    expect(await home.runAt(server.url, ['upload-sae', tinySae, ...id, '--features', '0-9'])).toMatchObject({
      code: 0,
    });
    const ran = await home.runAt(server.url, ['upload-sae', encodings('W_dec_f16.npy'), ...place, ...id]);
    expect(ran).toMatchObject({ code: 12, stdout: '' });
    expect(storedFeatures(server.data, '1-changed')).toHaveLength(10);
  });
});
