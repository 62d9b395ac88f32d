import { BlockList, isIP } from 'node:net';

/**
 * Whether a list in the form of NO_PROXY, separated by commas or spaces, names the server of a URL. An entry is `*`, a host
 * (which includes its subdomains, with or without a leading `.` or `*.`), an address or a range of them (`10.0.0.0/8`).
 * A host or address may have a port; an IPv6 address then needs brackets.
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

/** Whether an entry is or contains an address. Addresses have many spellings, so they are compared as numbers. */
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
