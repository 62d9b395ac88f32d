import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { running } from './running-sandbox.ts';

const browser = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36';

/** Returns status and body of the answer to a request with these headers, which `fetch` would not let through. */
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
  ['without an origin of its own', { origin: 'null' }],
  ['that reaches this machine under a host name of its own', { host: 'evil.example:3000', 'user-agent': browser }],
  ['that only sends requests', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'user-agent': browser }],
])('a browser page %s is refused by both kinds of server', async (_, headers) => {
  for (const isPublic of [false, true]) {
    const { url } = await running({ public: isPublic });
    const [status, body] = await ask(url, headers);
    expect(status).toBe(403);
    expect(JSON.parse(body).error).toContain('the sandbox only answers browser pages that come from this machine');
  }
});

test.each([
  ['a program', {}],
  ['a program that uses another name for this machine', { host: 'sandbox.internal:80' }],
  ['a page of this machine', { origin: 'http://localhost:3000', 'user-agent': browser }],
  [
    'a localhost page to 127.0.0.1',
    { origin: 'http://localhost:3000', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' },
  ],
  ['a link the user followed', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'user-agent': browser }],
])('a request from %s is answered', async (_, headers) => {
  const { url } = await running({});
  expect((await ask(url, headers))[0]).toBe(200);
});
