import { describe, expect, it, onTestFinished } from 'vitest';
import { featureDelivery } from '../../src/api/feature-delivery.ts';
import { openHttp } from '../../src/api/http.ts';
import { createPacer } from '../../src/upload/pacer.ts';
import type { Capabilities } from '../../src/upload/server.ts';
import { answerServer, type Said } from './answer-server.ts';

const capabilities: Capabilities = {
  ...{ kind: 'upload-protocol', storesVectors: true, storesAttributes: true, idempotencyKeys: true },
  ...{ privateUploads: true, maxRows: 128, maxBytes: 1e6, maxInFlight: 4, exactDoubles: false },
};

/** Sends a batch of three rows that gets this answer, and returns its outcome. */
async function outcomeOf(answer: Said, idempotencyKeys = true) {
  const server = await answerServer(() => answer);
  const http = openHttp({ origin: server.url, basePath: '', key: 'k', userAgent: 'test', proxy: undefined });
  onTestFinished(() => http.close());
  const format = { before: '', after: '', values: true, around: () => () => ({ before: '', after: '' }) };
  const delivery = featureDelivery(
    http,
    { ...capabilities, idempotencyKeys },
    { modelId: 'm', source: '1-s', format },
    createPacer(),
  );
  return delivery.send(Buffer.from('{}'), 'key', new AbortController().signal, 3);
}

describe('the answer to a batch of three features', () => {
  it('means stored if it says that three were created', async () => {
    const body = '{"message":"3 features created."}';
    expect(await outcomeOf({ body })).toEqual({ type: 'stored' });
    expect(await outcomeOf({ status: 201, body })).toEqual({ type: 'stored' });
  });

  it('means stored if it says that fewer were created, on a server where a repeat creates nothing', async () => {
    const body = '{"message":"1 features created."}';
    expect(await outcomeOf({ body })).toEqual({ type: 'stored' });
    expect(await outcomeOf({ body }, false)).toMatchObject({ type: 'unknown', answered: false });
  });

  it('is about the pace if no quota is spent or the server says to come back soon, else about the quota', async () => {
    const resetsAt = '2030-01-01T00:00:00Z';
    const limited = (limit: number | null, headers: Record<string, string> = {}) =>
      outcomeOf({
        status: 429,
        headers,
        body: JSON.stringify({ error: 'x', code: 'rate_limit_exceeded', features: { limit, used: 5, resetsAt } }),
      });
    expect(await limited(null)).toMatchObject({ type: 'busy' });
    expect(await limited(1000, { 'retry-after': '2' })).toMatchObject({ type: 'busy', waitMs: 2000 });
    // Spent is spent, however soon the server wants to be asked again.
    expect(await limited(5, { 'retry-after': '1' })).toMatchObject({ type: 'quota', left: 0 });
    for (const headers of [{}, { 'retry-after': '40000' }])
      expect(await limited(7, headers)).toMatchObject({ type: 'quota', left: 2, resumeAt: new Date(resetsAt) });
  });

  for (const body of ['{"error":"maintenance"}', 'null', '[]', '{}', '{"message":"4 features created."}', '"ok"']) {
    it(`leaves the outcome unknown if it is ${body}`, async () => {
      expect(await outcomeOf({ body })).toMatchObject({ type: 'unknown', answered: false });
    });
  }

  it('is the server’s own report of a failure only with status 500, as gateways send JSON too', async () => {
    const body = '{"error":"failed"}';
    expect(await outcomeOf({ status: 500, body })).toMatchObject({ type: 'unknown', answered: true });
    for (const status of [502, 503, 504, 520, 524]) {
      expect(await outcomeOf({ status, body }), `${status}`).toMatchObject({ type: 'unknown', answered: false });
    }
  });

  for (const status of [202, 204]) {
    it(`leaves the outcome unknown with status ${status}`, async () => {
      const body = status === 204 ? '' : '{"message":"3 features created."}';
      expect(await outcomeOf({ status, body })).toMatchObject({ type: 'unknown' });
    });
  }
});
