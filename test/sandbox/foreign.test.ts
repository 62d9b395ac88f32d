import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { running } from './running-sandbox.ts';

const browser = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36';

/** Status and body of the answer to these headers: a browser's own, which `fetch` would not let through. */
async function ask(url: string, headers: Record<string, string>): Promise<[number | undefined, string]> {
  const asked = request(`${url}/api/upload/limits`, { headers: { 'x-api-key': 'sandbox-bulk', ...headers } });
  return new Promise((resolve, reject) => {
    asked.on('response', async (response) => resolve([response.statusCode, await text(response)]));
    asked.on('error', reject);
    asked.end();
  });
}

test.each([
  ['of another site', { origin: 'https://evil.example' }],
  ['of no site', { origin: 'null' }],
  ['under a name of its own for this machine', { host: 'evil.example:3000', 'user-agent': browser }],
  ['that only sends', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'user-agent': browser }],
])('a page %s is refused, on both kinds of server', async (_, headers) => {
  for (const isPublic of [false, true]) {
    const { url } = await running({ public: isPublic });
    const [status, body] = await ask(url, headers);
    expect(status).toBe(403);
    expect(JSON.parse(body).error).toContain('the sandbox only answers browser pages that come from this machine');
  }
});

test.each([
  ['a program', {}],
  ['a program that knows this machine by another name', { host: 'sandbox.internal:80' }],
  ['a page of this machine', { origin: 'http://localhost:3000', 'user-agent': browser }],
  [
    'a page of this machine by its other name',
    { origin: 'http://localhost:3000', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' },
  ],
  ['a link that was followed', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'user-agent': browser }],
])('%s is answered', async (_, headers) => {
  const { url } = await running({});
  expect((await ask(url, headers))[0]).toBe(200);
});
