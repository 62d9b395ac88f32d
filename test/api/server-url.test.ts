import { expect, it } from 'vitest';
import { parseServerUrl } from '../../src/api/server-url.ts';

const here = [
  ...['localhost', 'LOCALHOST:3000', '127.0.0.1:8080', '127.9.9.9', '127.1', '2130706433', '0x7f000001', '0177.0.0.1'],
  ...['[::1]', '[0:0:0:0:0:0:0:1]:3000', '[::ffff:127.0.0.1]'],
];
const elsewhere = [
  ...['0.0.0.0', '0', '[::]', '[::ffff:0.0.0.0]', '10.0.0.1', '192.168.1.7', '128.0.0.1', '2147483649', '[fe80::1]'],
  ...[
    'localhost.evil.com',
    'evil-localhost',
    '127.0.0.1.nip.io',
    '127.0.0.1.evil.com',
    'x.localhost',
    'neuronpedia.org',
  ],
];

/** Returns the error that an address causes, or an empty text. */
function faultOf(address: string, insecure: boolean): string {
  try {
    parseServerUrl(address, insecure);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

it('plain http is allowed for this machine in any notation, and elsewhere only with --insecure', () => {
  for (const host of here) expect(faultOf(`http://${host}`, false), host).toBe('');
  for (const host of elsewhere) {
    expect(faultOf(`http://${host}`, false), host).toContain('plain http');
    expect(faultOf(`http://${host}`, true), host).toBe('');
    expect(faultOf(`https://${host}`, false), host).toBe('');
  }
});

it('an address that contains a key is rejected without showing the key', () => {
  const key = 'np-canary-7f3a';
  for (const address of [
    ...[`https://${key}@host`, `https://me:${key}@host`, `http://localhost:3000@${key}:x@host`, `me:${key}@host`],
    ...[`https://host?key=${key}`, `https://host/#${key}`, `ftp://me:${key}@host/`, `host?key=${key}`],
  ]) {
    expect(faultOf(address, true), address).toMatch(/address/);
    expect(faultOf(address, true)).not.toContain(key);
  }
});
