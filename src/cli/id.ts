import type { FeatureId } from '../api/feature-id.ts';
import { AppError } from '../errors.ts';

/** What was typed of something on a server: the host, where it was its address, and the parts of its path. */
export function partsOfId(text: string): { readonly host: string | undefined; readonly parts: readonly string[] } {
  const url = text.includes('://') ? (URL.canParse(text) ? new URL(text) : undefined) : undefined;
  const path = url ? url.pathname : text.includes('://') ? '' : text;
  const parts = path.split('/').filter((part) => part !== '');
  if (url) return { host: url.host, parts };
  // An address as browsers show it, without its scheme.
  const [first = '', ...rest] = parts;
  const isAddress =
    parts.length >= 4 && /^(localhost|[\w-]+(\.[\w-]+)+)(:\d+)?$/.test(first) && /^\d+(@.*)?$/.test(rest.at(-1) ?? '');
  return isAddress ? { host: first, parts: rest } : { host: undefined, parts };
}

/** The first of some ids that is the URL of something at another host than the server's, and the address to ask there. */
export function urlElsewhere(url: string, ids: readonly string[]): { text: string; origin: string } | undefined {
  const asked = new URL(url).host;
  const text = ids.find((id) => ![undefined, plainHost(asked)].includes(plainHost(partsOfId(id).host)));
  if (text === undefined) return undefined;
  const { host = '' } = partsOfId(text);
  const scheme = /^(localhost|127\.|\[::1\])/.test(host) ? 'http' : 'https';
  return { text, origin: text.includes('://') ? new URL(text).origin : `${scheme}://${host}` };
}

/** This machine has several names. */
export function plainHost(host: string | undefined): string | undefined {
  return host?.replace(/^(localhost|\[::1\])(?=:|$)/, '127.0.0.1');
}

/** Reads `model/source/index`, or the URL of one on any host. Error: usage. */
export function parseId(text: string): FeatureId {
  const { host, parts } = partsOfId(text);
  // Servers may lie below a path of their host.
  const [model, source, index] = host === undefined ? parts : parts.slice(-3);
  const isWhole = host !== undefined || parts.length === 3;
  if (isWhole && model !== undefined && source !== undefined && index !== undefined && /^\d{1,15}$/.test(index)) {
    return { model, source, index: String(Number(index)) };
  }
  // A key that was pasted here is not shown again.
  const shown = text.includes('/') || text.length <= 20 ? `"${text}"` : 'what was typed';
  throw new AppError('usage', `${shown} is not the id of a feature`, { hints: [hintFor(parts)] });
}

function hintFor(parts: readonly string[]): string {
  if (parts.length === 2) {
    const source = parts.join('/');
    return `an id is model/source/index, for example ${source}/0; to take back all that was uploaded there from here: neuronpedia delete --job ${source}`;
  }
  if (parts.length === 1 && /^[0-9a-f]{4,16}$/.test(parts[0] as string)) {
    return `an id is model/source/index; for a job as status lists it: neuronpedia status ${parts[0]}, or delete --job ${parts[0]}`;
  }
  return 'an id is model/source/index, for example gpt2-small/6-my-sae/1234, or the URL of one';
}
