import { describe, expect } from 'vitest';
import { fixture } from './fixtures.ts';
import { testHere as test } from './home.ts';
import { documentsOf } from './run-cli.ts';
import { serve } from './web-server.ts';

const nobody = { env: { NEURONPEDIA_API_KEY: '' } };
const json = { 'content-type': 'application/json' };

describe.concurrent('status of a feature', () => {
  test('shows everything the server says about it, with the most active tokens marked', async ({ home, server }) => {
    const activations = fixture('sae-tiny/activations.jsonl');
    const upload = [
      'upload-sae',
      fixture('sae-tiny'),
      '--sae-id',
      'full',
      '--features',
      '7',
      '--activations',
      activations,
    ];
    expect((await home.runAt(server.url, upload)).code).toBe(0);
    const id = 'tiny-kjv-4l/1-full/7';
    const [plain, document] = await Promise.all([
      home.runAt(server.url, ['status', id], nobody),
      home.runAt(server.url, ['status', id, '--json'], nobody).then((ran) => documentsOf(ran)[0]),
    ]);
    const url = `${server.url}/${id}`;
    const embedUrl = `${url}?embed=true&embedexplanation=true&embedplots=true&embedtest=true`;
    expect(document).toMatchObject({ v: 1, type: 'feature', id, url, embedUrl });
    const { pos_str: top, neg_str: bottom, frac_nonzero: density, activations: shown } = document.feature;
    expect(plain.stderr).toBe('');
    const elsewhere = await home.runAt(server.url, ['status', `https://www.neuronpedia.org/${id}`], nobody);
    expect(elsewhere.stdout).toBe(plain.stdout);
    expect(elsewhere.stderr).toMatch(
      /warning: https:\/\/www.neuronpedia.org\/\S+ is on another host, but is looked up at http:\/\/127/,
    );
    for (const part of [url, embedUrl, 'CC-BY-4.0', 'public', `"${top[0]}"`, `"${bottom[0]}"`, String(density)]) {
      expect(plain.stdout).toContain(part);
    }
    // Expected from the server's answer: the strongest example first, each with the token that has the largest value.
    const peaks = shown.map(({ tokens, values }: { tokens: string[]; values: number[] }) => {
      const most = Math.max(...values);
      return { most, token: tokens[values.indexOf(most)] };
    });
    peaks.sort((a: { most: number }, b: { most: number }) => b.most - a.most);
    const lines = plain.stdout.split('\n').filter((line) => line.includes('<<'));
    expect(lines).toHaveLength(peaks.length);
    for (const [i, { most, token }] of peaks.entries()) {
      expect(lines[i]).toContain(`<<${token}>>`);
      expect(lines[i]).toContain(String(Number(most.toPrecision(4))));
    }
  });

  test('shows a probe’s concept, bias, tags, metadata and explanations', async ({ home, server }) => {
    const { vector } = await server.post('/api/vector/new', {
      ...{ modelId: 'tiny-kjv-4l', layerNumber: 1, hookType: 'hook_resid_post', vectorLabel: 'Speech\u001b[31m' },
      ...{ vector: Array.from({ length: 64 }, (_, i) => i / 64), kind: 'probe', concept: 'says', bias: -0.25 },
      ...{ tags: ['verbs', 'kjv'], paperUrl: 'https://example.org/paper', license: 'MIT', description: 'of speech' },
      metadata: { accuracy: 0.93, classes: ['no', 'yes'] },
      explanations: [{ text: 'words of saying', methodName: 'eleuther_acts_top20' }],
    });
    const id = `tiny-kjv-4l/${vector.source}/${vector.index}`;
    const { stdout } = await home.runAt(server.url, ['status', id], nobody);
    for (const part of [
      /^name +Speech␛\[31m$/m,
      /^kind +probe$/m,
      /^concept +says$/m,
      /^bias +-0\.25$/m,
      /^tags +verbs, kjv$/m,
      /^paper +https:\/\/example\.org\/paper$/m,
      /^license +MIT$/m,
      /^metadata +accuracy 0\.93, classes \["no","yes"\]$/m,
      /^explanation +words of saying\n +method eleuther_acts_top20, by /m,
      /^strength +10$/m,
    ]) {
      expect(stdout).toMatch(part);
    }
  });

  test('shows explanations with model, author and scores, and cuts a long text around its strongest token', async ({
    home,
  }) => {
    const scores = [{ value: 0.83, explanationScoreTypeName: 'recall_alt', explanationScoreModelName: 'gpt-4o-mini' }];
    const explanation = { description: 'kings', typeName: 'np_max-act', explanationModelName: 'gpt-4o', scores };
    const tokens = Array.from({ length: 400 }, (_, i) => `▁w${i}`);
    const values = tokens.map((_, i) => (i === 250 ? 3 : 0));
    const feature = {
      ...{ modelId: 'm', layer: '1-x', index: 1, hasVector: false },
      explanations: [{ ...explanation, author: { name: 'alice' } }],
      activations: [
        { tokens, values },
        { tokens: [], values: [] },
      ],
    };
    const server = home.own(
      await serve((_request, response) => response.writeHead(200, json).end(JSON.stringify(feature))),
    );
    const { stdout, code } = await home.runAt(server.url, ['status', 'm/1-x/1'], nobody);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^explanation +kings\n +method np_max-act, model gpt-4o, by alice\n +score recall_alt by gpt-4o-mini: 0\.83$/m,
    );
    expect(stdout).toMatch(/ 3 {2}….* w248 w249<< w250>> w251.*…$/m);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThan(200);
  });

  test('does not report a web page with status 404 as a missing feature', async ({ home }) => {
    const server = home.own(
      await serve((_request, response) => response.writeHead(404, { 'content-type': 'text/html' }).end('<html>')),
    );
    const ran = await home.runAt(server.url, ['status', 'm/1-x/1', '--json'], nobody);
    expect(documentsOf(ran)).toMatchObject([{ type: 'error', code: 'not_neuronpedia', exitCode: 10 }]);
  });
});

describe.concurrent('status --text', () => {
  const fired = { tokens: ['In', ' the', '\n', ' beginning'], values: [0, 1.25, 0, 4.5], maxValue: 4.5 };

  for (const [what, said] of [
    ['at the top level', { ...fired, standIn: true }],
    ['under "activation"', { activation: fired, standIn: 'hash of the text' }],
  ] as const) {
    test(`shows each token with its value if the answer has these ${what}`, async ({ home }) => {
      const server = home.own(
        await serve((request, response) => {
          const feature = { modelId: 'm', layer: '1-x', index: '12', name: 'kings' };
          response.writeHead(200, json).end(JSON.stringify(request.method === 'GET' ? feature : said));
        }),
      );
      const words = ['status', 'm/1-x/12', '--text', 'In the\n beginning'];
      const plain = await home.runAt(server.url, words, nobody);
      expect(plain.code).toBe(0);
      expect(plain.stdout).toMatch(/^strongest +4\.5 at token 3, " beginning"$/m);
      expect(plain.stdout).toMatch(/^ the +1\.25 +█+$/m);
      expect(plain.stdout).toMatch(/^ beginning +4\.5 +█{20} <$/m);
      expect(plain.stdout).toMatch(/^↵ +0 *$/m);
      expect(plain.stderr).toMatch(/made up/);
      const [, sent] = server.seen;
      expect(sent).toMatchObject({ path: '/api/activation/new', key: undefined });
      const feature = { modelId: 'm', source: '1-x', index: '12' };
      expect(JSON.parse(sent?.body ?? '')).toEqual({ feature, customText: 'In the\n beginning' });
      const { tokens, values } = fired;
      const documents = documentsOf(await home.runAt(server.url, [...words, '--json'], nobody));
      const tested = { tokens, values, maxValue: 4.5, maxValueTokenIndex: 3, standIn: true };
      expect(documents).toMatchObject([
        { v: 1, type: 'activation', id: 'm/1-x/12', text: 'In the\n beginning', ...tested },
      ]);
    });
  }

  test('rejects a server that cannot test activations, a malformed answer, and a missing feature id', async ({
    home,
  }) => {
    let answer: [number, string, string] = [200, 'text/html', '<html>a page</html>'];
    const server = home.own(
      await serve((request, response) => {
        const [status, type, text] =
          request.method === 'GET' ? [200, 'application/json', '{"modelId":"m","layer":"1-x","index":"12"}'] : answer;
        response.writeHead(status as number, { 'content-type': type as string }).end(text);
      }),
    );
    const words = ['status', 'm/1-x/12', '--text', 'x', '--json'];
    const page = await home.runAt(server.url, words, nobody);
    expect(documentsOf(page)).toMatchObject([
      { type: 'error', code: 'refused', message: expect.stringMatching(/cannot test activations/) },
    ]);
    answer = [200, 'application/json', '{"tokens":["a","b"],"values":[1]}'];
    const odd = await home.runAt(server.url, words, nobody);
    expect(documentsOf(odd)).toMatchObject([{ type: 'error', code: 'not_neuronpedia' }]);
    const nothing = await home.runAt(server.url, ['status', '--text', 'x'], nobody);
    expect(nothing.code).toBe(2);
  });
});
