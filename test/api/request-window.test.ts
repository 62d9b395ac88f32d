import { expect, it, onTestFinished } from 'vitest';
import { askAgain, postJson } from '../../src/api/ask.ts';
import { openServer } from '../../src/api/open-server.ts';
import { running } from '../sandbox/running-sandbox.ts';
import { answerServer } from './answer-server.ts';

function open(url: string) {
  const http = openServer({ url, key: 'sandbox-bulk', userAgent: 'test', insecure: false });
  onTestFinished(() => http.close());
  return http;
}

it('a full rate-limit window fails at once, with the limit and the time at which it opens', async () => {
  const now = new Date();
  const sandbox = await running({ public: true, rateLimit: true, now: () => now });
  const http = open(sandbox.url);
  const make = (i: number) => askAgain(http, postJson('/api/source-set/new', { modelId: 'gpt2-small', name: `s${i}` }));
  for (let i = 0; i < 10; i++) expect((await make(i)).status).toBe(200);
  // A twentieth of an hour into the next hour: from then on, a twentieth of this hour's requests no longer counts.
  const opens = new Date((Math.floor(now.getTime() / 3_600_000) + 1.05) * 3_600_000).toISOString();
  const message = expect.stringMatching(/allows 10 of these requests in 60 minutes/);
  await expect(make(10)).rejects.toMatchObject({
    code: 'paused',
    exitCode: 8,
    message,
    details: { resume_at: opens },
  });
});

it('a 429 that names no window is temporary, and the request is retried', async () => {
  const server = await answerServer((_request, nth) =>
    nth === 0 ? { status: 429, headers: { 'retry-after': '0' }, body: '{"error":"slow down"}' } : { body: '{}' },
  );
  onTestFinished(() => server.close());
  expect((await askAgain(open(server.url), postJson('/api/model/list'))).status).toBe(200);
  expect(server.asked).toHaveLength(2);
});
