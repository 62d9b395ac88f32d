import { expect, test } from 'vitest';
import { parseHead } from '../../src/cli/head-option.ts';
import { parseOptions } from '../../src/cli/parse-options.ts';
import { findSaes } from '../../src/layouts/find.ts';
import { chooseSaes } from '../../src/library/choose-saes.ts';
import { fixture } from './fixtures.ts';

/** Returns the head, or else the layer, of each SAE that is chosen from a fixture. */
async function chosen(name: string, raw: Record<string, unknown>): Promise<unknown[]> {
  const saes = await findSaes(fixture(`layouts/${name}`));
  try {
    const { head: heads, ...said } = parseOptions(raw);
    return chooseSaes(saes, { ...said, heads }).map(({ layer, head }) => head?.index ?? layer?.value);
  } finally {
    for (const { file } of saes) await file.close();
  }
}

test.each([
  ['circuit-tracer', { layers: '1-10' }, [2, 10]],
  ['circuit-tracer', { layers: '0,2' }, [0, 2]],
  ['openmoss-crosscoder', { layers: '1-2' }, [1, 2]],
  ['crosscoder-forks', { layers: '5', head: ['0=m:5', '1=m:6'] }, [0]],
  ['crosscoder-forks', { layers: '5', layer: '5' }, [0, 1]],
  ['crosscoder-forks', { layer: '13' }, [0, 1]],
  ['circuit-tracer', {}, [0, 2, 10]],
  ['circuit-tracer', { layers: '2', activations: 'a.jsonl' }, [2]],
  ['circuit-tracer', { activations: 'a-{layer}.jsonl' }, [0, 2, 10]],
])('from %s, %j chooses %j', async (name, raw, left) => {
  expect(await chosen(name, raw)).toEqual(left);
});

test.each([
  ['circuit-tracer', { layers: '3-9' }, 'layer_out_of_range', 'no SAE of layers 3-9 was found'],
  ['crosscoder-forks', { layers: '3' }, 'option_missing', 'do not say its layer, so --layers cannot choose'],
  ['circuit-tracer', { layer: '2' }, 'usage', '3 SAEs were found'],
  ['circuit-tracer', { activations: 'a.jsonl' }, 'usage', '--activations names one file, but 3 SAEs were found'],
  ['circuit-tracer', { featureMetadata: 'f.jsonl' }, 'usage', '--feature-metadata names one file'],
  ['circuit-tracer', { head: ['0=m:1'] }, 'usage', 'none of the SAEs found has heads'],
  ['crosscoder-forks', { head: ['0=m:1', '2=m:1'] }, 'usage', '--head 2: there is no such head; the heads are 0 to 1'],
  ['crosscoder-forks', { head: ['1=m:1', '1=n:1'] }, 'usage', '--head 1 is given twice'],
  ['crosscoder-forks', { head: ['0=m:1', '1=m'] }, 'usage', '--head "1=m": expected HEAD=MODEL:LAYER'],
])('from %s, %j fails with %s', async (name, raw, code, message) => {
  await expect(chosen(name, raw)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
});

test.each([
  ['0=gemma-2-2b:13', { index: 0, model: 'gemma-2-2b', layer: 13 }],
  ['12=qwen3.5-2b-pt:0', { index: 12, model: 'qwen3.5-2b-pt', layer: 0 }],
  ['0=gemma-2-2b', undefined],
  ['gemma-2-2b:13', undefined],
  ['0=:13', undefined],
  ['-1=a:1', undefined],
  ['0=a:b', undefined],
])('--head %s is parsed, or refused if malformed', (text, head) => {
  expect(parseHead(text)).toEqual(head);
});
