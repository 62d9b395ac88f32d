import { expect, test } from 'vitest';
import { type PlaceOptions, placeOf } from '../../src/upload/destination.ts';
import { fixture } from '../fixtures.ts';
import { found } from '../layouts/found.ts';

const saeId = 'x';

/** Returns where the SAEs of a fixture go. Error: that of the first SAE that cannot be placed. */
async function places(name: string, options: Partial<PlaceOptions> = {}) {
  const saes = await found(fixture('layouts', name));
  return saes.map((sae) => placeOf(sae, { saeId, ...options }));
}

test('each head of a crosscoder over layers goes where its config says', async () => {
  const [first, , third] = await places('openmoss-crosscoder');
  expect(first).toMatchObject({ model: { value: 'llama3.1-8b' }, layer: { value: 0 }, source: '0-x' });
  expect(third).toMatchObject({ hook: { value: 'blocks.2.hook_resid_post' }, source: '2-x' });
});

const heads = [
  { index: 0, model: 'gemma-2-2b', layer: 14 },
  { index: 1, model: 'gemma-2-2b-it', layer: 14 },
];

test('--head says where one head belongs, and overrides --model and --layer', async () => {
  const [first, second] = await places('crosscoder-nanda', { heads, model: 'other', layer: 3 });
  expect(first).toMatchObject({ model: { value: 'gemma-2-2b', from: '--head 0' }, layer: { from: '--head 0' } });
  expect(second).toMatchObject({ model: { value: 'gemma-2-2b-it', from: '--head 1' }, source: '14-x' });
});

test('a head without --head takes --model', async () => {
  const [first, second] = await places('crosscoder-nanda', { heads: heads.slice(1), model: 'gemma-2-2b' });
  expect([first, second].map((place) => place?.model.from)).toEqual(['--model', '--head 1']);
});

test('{head} in --sae-id is replaced by the number of the head', async () => {
  const found = await places('crosscoder-nanda', { saeId: 'cc-{layer}-h{head}', model: 'm' });
  expect(found.map(({ source }) => source)).toEqual(['14-cc-14-h0', '14-cc-14-h1']);
});

test('the layer is taken from a full hook name only if nothing else gives it', async () => {
  const said = { model: 'gpt2-small', hook: 'blocks.3.hook_mlp_out' };
  expect((await places('one-file', said))[0]).toMatchObject({ layer: { value: 3, from: '--hook' }, source: '3-x' });
  expect((await places('one-file', { ...said, layer: 3 }))[0]).toMatchObject({ layer: { from: '--layer' } });
  await expect(places('one-file', { ...said, layer: 2 })).rejects.toMatchObject({
    code: 'layer_out_of_range',
    hints: ['the hook belongs to layer 3: use --layer 3, or a hook of layer 2'],
  });
});

test('a whole source given as --sae-id is refused with the name of its set as an example', async () => {
  const said = { model: 'gpt2-small', layer: 3, saeId: 'gpt2-small/3-My Set' };
  await expect(places('one-file', said)).rejects.toMatchObject({ hints: ['for example: --sae-id my-set'] });
});

test('a single matrix declared a crosscoder is its head 0', async () => {
  const [place] = await places('one-file', { kind: 'crosscoder', heads, saeId: 'h{head}' });
  expect(place).toMatchObject({ model: { value: 'gemma-2-2b' }, source: '14-h0' });
});

test.each([
  ['crosscoder-nanda', {}, 'head 0 of 2: its files do not say which model', /--head 0=MODEL:LAYER/],
  [
    'crosscoder-nanda',
    { heads: heads.slice(0, 1) },
    'head 1 of 2: its files do not say which model',
    /gemma-2-2b without/,
  ],
  ['crosscoder-forks', { model: 'm' }, 'head 0 of 2: its files do not say which layer', /--layer N for all/],
  ['crosscoder-forks', {}, 'head 0 of 2: its files do not say which model and layer', /--model ID --layer N for all/],
  ['gemma-scope-renamed', {}, 'which model it was trained on', /^add --model ID$/],
  ['one-file', {}, 'which model and layer it was trained on', /^add --model ID --layer N$/],
])('%s with options %j is refused: %s', async (name, options, message, hint) => {
  const failure = expect(places(name, options)).rejects;
  await failure.toMatchObject({
    code: 'option_missing',
    exitCode: 6,
    message: expect.stringContaining(message),
    hints: expect.arrayContaining([expect.stringMatching(hint)]),
  });
});

test('what is odd about a file is said also if it cannot be placed', async () => {
  const [sae] = await found(fixture('layouts', 'one-file'));
  const odd = { ...sae!, doubts: ['cfg.json was not used'] };
  expect(() => placeOf(odd, { saeId })).toThrow(
    expect.objectContaining({ hints: expect.arrayContaining(['cfg.json was not used']) }),
  );
});

test('a head whose layer contradicts its hook is refused', async () => {
  const elsewhere = heads.map((head) => ({ ...head, layer: 13 }));
  await expect(places('crosscoder-nanda', { heads: elsewhere })).rejects.toMatchObject({
    code: 'layer_out_of_range',
    message: 'layer 13 (--head 0) and hook blocks.14.hook_resid_pre (cfg.json) contradict each other',
  });
});

test('{head} in --sae-id is refused for an SAE without heads', async () => {
  const failure = expect(places('saelens-flat', { saeId: 'a-{head}' })).rejects;
  await failure.toMatchObject({ code: 'usage', hints: expect.arrayContaining([expect.stringContaining('no heads')]) });
});

test.each([
  ['its config', {}, 'blocks.5.hook_mlp_out', 'blocks.5.ln2.hook_normalized'],
  ['--hook', { hook: 'resid-post' }, 'blocks.5.hook_resid_post', 'blocks.5.ln2.hook_normalized'],
  ['--hook-out', { hookOut: 'resid-mid' }, 'blocks.5.hook_resid_mid', 'blocks.5.ln2.hook_normalized'],
  ['both options', { hook: 'resid-mid', hookOut: 'attn-out' }, 'blocks.5.hook_attn_out', 'blocks.5.hook_resid_mid'],
])('the hooks that a transcoder reads and writes follow %s', async (_, options, hook, hookIn) => {
  const [place] = await places('saelens-transcoder', options);
  expect(place).toMatchObject({ hook: { value: hook }, hookIn: { value: hookIn } });
});
