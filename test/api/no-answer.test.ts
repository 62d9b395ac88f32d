import { expect, it } from 'vitest';
import { noAnswer, ProxyFailure } from '../../src/api/no-answer.ts';
import { findProxy } from '../../src/api/proxy.ts';

it('a lack of address space is reported as such, through a proxy too, and not retried', () => {
  const cause = new RangeError('WebAssembly.Instance(): Out of memory: Cannot allocate Wasm memory for new instance');
  const origin = 'https://neuronpedia.test';
  const proxy = findProxy(new URL(origin), { HTTPS_PROXY: 'http://127.0.0.1:1' });
  for (const error of [cause, new ProxyFailure(undefined, cause)]) {
    const told = noAnswer({ origin, proxy }, error);
    expect(told).toMatchObject({ sent: false, settled: true });
    expect(told.message).toContain('address space');
    expect(told.hints.join()).toContain('--disable-wasm-trap-handler');
  }
});
