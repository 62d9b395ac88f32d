import { describe, expect, it } from 'vitest';
import { isNamed } from '../../src/api/no-proxy.ts';
import { describeProxy, findProxy, proxyAuthorization } from '../../src/api/proxy.ts';

const https = new URL('https://www.neuronpedia.org');
const http = new URL('http://neuronpedia.lab:3000');

/** Describes the proxy that is chosen, with its variable; undefined if there is none. */
function chosen(env: Record<string, string>, url = https): string | undefined {
  const proxy = findProxy(url, env);
  return proxy && describeProxy(proxy);
}

describe('the proxy from the environment', () => {
  it('is that of the protocol, lower case before upper case, and none if empty', () => {
    const both = { https_proxy: 'http://lower:1', HTTPS_PROXY: 'http://upper:2' };
    expect(chosen(both)).toBe('the proxy http://lower:1 (https_proxy)');
    expect(chosen({ HTTPS_PROXY: 'http://upper:2' })).toBe('the proxy http://upper:2 (HTTPS_PROXY)');
    expect(chosen({ ...both, https_proxy: '' })).toBeUndefined();
    expect(chosen({ HTTP_PROXY: 'http://upper:2' })).toBeUndefined();
    expect(chosen({ HTTP_PROXY: 'http://upper:2', HTTPS_PROXY: 'http://other:3' }, http)).toContain('upper:2');
    expect(chosen({})).toBeUndefined();
  });

  it('may omit its protocol, and is described without its password', () => {
    expect(chosen({ https_proxy: 'proxy.corp:3128' })).toBe('the proxy http://proxy.corp:3128 (https_proxy)');
    expect(chosen({ https_proxy: 'https://me:secret@proxy.corp' })).toBe('the proxy https://proxy.corp (https_proxy)');
  });

  it('is sent the user name and password with URL escapes decoded', () => {
    const authorization = (https_proxy: string) => {
      const value = proxyAuthorization(findProxy(https, { https_proxy })!);
      return value && Buffer.from(value.replace('Basic ', ''), 'base64').toString();
    };
    expect(authorization('http://me:p%40ss%3A%2F@proxy:1')).toBe('me:p@ss:/');
    expect(authorization('http://me:100%@proxy:1')).toBe('me:100%');
    expect(authorization('http://me@proxy:1')).toBe('me:');
    expect(authorization('http://proxy:1')).toBeUndefined();
  });

  it('is rejected if it cannot be used, without showing its password', () => {
    for (const value of [
      ...['socks5://me:secret@proxy:1080', 'http://', 'me:secret@:99999'],
      ...['http://me:secret', 'socks5://me:secret:proxy:1080', 'me secret proxy', 'http://proxy:3128:secret'],
    ]) {
      expect(() => chosen({ HTTPS_PROXY: value })).toThrow(/^HTTPS_PROXY is "(?!.*secret).*no http or https proxy$/);
    }
  });

  it('is not used for this machine', () => {
    const env = { http_proxy: 'http://proxy:1', https_proxy: 'http://proxy:1' };
    for (const host of ['localhost', '127.0.0.1', '127.8.9.1', '[::1]'])
      for (const protocol of ['http', 'https'])
        expect(chosen(env, new URL(`${protocol}://${host}:3000`)), host).toBeUndefined();
  });
});

describe('NO_PROXY', () => {
  const cases: [list: string, url: string, named: boolean][] = [
    ['*', 'https://a.org', true],
    ['b.org, *', 'https://a.org', true],
    ['', 'https://a.org', false],
    ['a.org', 'https://a.org', true],
    ['A.org', 'https://a.ORG', true],
    ['a.org', 'https://www.a.org', true],
    ['a.org', 'https://ba.org', false],
    ['.a.org', 'https://www.a.org', true],
    ['*.a.org', 'https://www.a.org', true],
    ['a.org.', 'https://a.org', true],
    ['www.a.org', 'https://a.org', false],
    ['b.org c.org,a.org', 'https://a.org', true],
    ['a.org:443', 'https://a.org', true],
    ['a.org:443', 'http://a.org', false],
    ['a.org:80', 'http://a.org', true],
    ['a.org:3000', 'https://a.org:3000', true],
    ['10.0.0.5', 'https://10.0.0.5', true],
    ['0.5', 'https://10.0.0.5', false],
    ['10.0.0.5:8443', 'https://10.0.0.5:8443', true],
    ['10.0.0.5:8443', 'https://10.0.0.5', false],
    ['10.0.0.0/8', 'https://10.200.0.5', true],
    ['10.0.0.0/8', 'https://11.0.0.5', false],
    ['10.0.0.0/99', 'https://10.0.0.5', false],
    ['2001:db8::1', 'https://[2001:db8::1]', true],
    ['2001:db8::1', 'https://[2001:db8::2]', false],
    ['2001:DB8:0:0::1', 'https://[2001:db8::1]', true],
    ['[2001:db8::1]', 'https://[2001:db8::1]', true],
    ['[2001:db8::1]:8443', 'https://[2001:db8::1]:8443', true],
    ['[2001:db8::1]:8443', 'https://[2001:db8::1]', false],
    ['2001:db8::/32', 'https://[2001:db8:5::1]', true],
    ['fd00::/8', 'https://[2001:db8:5::1]', false],
    ['10.0.0.0/8', 'https://[2001:db8::1]', false],
  ];
  for (const [list, url, named] of cases) {
    it(`${named ? 'names' : 'does not name'} ${url} if it is "${list}"`, () => {
      expect(isNamed(new URL(url), list)).toBe(named);
      expect(findProxy(new URL(url), { HTTP_PROXY: 'p:1', HTTPS_PROXY: 'p:1', NO_PROXY: list }) === undefined).toBe(
        named,
      );
    });
  }
});
