import { BlockList, isIP } from 'node:net';

/**
 * Whether a list as NO_PROXY has it, separated by commas or spaces, names the server of a URL. An entry is `*`, a host
 * (which stands for its subdomains too, with or without `.` or `*.` before it), an address or a range of them
 * (`10.0.0.0/8`); host and address may have a port, of an IPv6 address after its brackets.
 */
export function isNamed(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[|\]$|\.$/g, '').toLowerCase();
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const entries = list.toLowerCase().split(/[\s,]+/);
  return entries.some((entry) => entry !== '' && matches(entry, host, port));
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  const { name, onlyPort } = splitPort(entry);
  if (onlyPort !== undefined && onlyPort !== port) return false;
  if (isIP(host)) return holdsAddress(name, host);
  const domain = name.replace(/^\*?\.|\.$/g, '');
  return host === domain || host.endsWith(`.${domain}`);
}

function splitPort(entry: string): { name: string; onlyPort?: string } {
  const [, address, portOfAddress] = /^\[(.+)\](?::(\d+))?$/.exec(entry) ?? [];
  if (address !== undefined) return { name: address, ...(portOfAddress && { onlyPort: portOfAddress }) };
  const [, name, onlyPort] = /^([^:]+):(\d+)$/.exec(entry) ?? [];
  return name !== undefined && onlyPort !== undefined ? { name, onlyPort } : { name: entry };
}

/** An address has many spellings, so they are compared as numbers. */
function holdsAddress(entry: string, host: string): boolean {
  const [, address = entry, prefix] = /^(.+)\/(\d{1,3})$/.exec(entry) ?? [];
  const version = isIP(address);
  const bits = version === 6 ? 128 : 32;
  const length = prefix === undefined ? bits : Number(prefix);
  if (version === 0 || length > bits) return false;
  const range = new BlockList();
  range.addSubnet(address, length, version === 6 ? 'ipv6' : 'ipv4');
  return range.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
}
