import type { FeatureId } from '../api/feature-id.ts';
import { AppError } from '../errors.ts';

/** Splits an id or URL of something on a server into the parts of its path and, for a URL, its host. */
export function partsOfId(text: string): { readonly host: string | undefined; readonly parts: readonly string[] } {
  const url = text.includes('://') ? (URL.canParse(text) ? new URL(text) : undefined) : undefined;
  const path = url ? url.pathname : text.includes('://') ? '' : text;
  const parts = path.split('/').filter((part) => part !== '');
  if (url) return { host: url.host, parts };
  // A URL as browsers show it, without its scheme.
  const [first = '', ...rest] = parts;
  const isFeature = /^\d+(@.*)?$/.test(rest.at(-1) ?? '');
  // Model names such as llama3.1-8b look like hosts too, so the number of parts decides.
  const isAddress = parts.length >= (isFeature ? 4 : 3) && /^(localhost|[\w-]+(\.[\w-]+)+)(:\d+)?$/.test(first);
  return isAddress ? { host: first, parts: rest } : { host: undefined, parts };
}

/** Finds the first id that is a URL on a host other than that of `url`; returns it with the origin to ask there. */
export function urlElsewhere(url: string, ids: readonly string[]): { text: string; origin: string } | undefined {
  const asked = new URL(url).host;
  const text = ids.find((id) => ![undefined, plainHost(asked)].includes(plainHost(partsOfId(id).host)));
  if (text === undefined) return undefined;
  const { host = '' } = partsOfId(text);
  const scheme = /^(localhost|127\.|\[::1\])/.test(host) ? 'http' : 'https';
  return { text, origin: text.includes('://') ? new URL(text).origin : `${scheme}://${host}` };
}

/** Replaces the names of this machine by one, so that hosts can be compared. */
export function plainHost(host: string | undefined): string | undefined {
  return host?.replace(/^(localhost|\[::1\])(?=:|$)/, '127.0.0.1');
}

/** Reads `model/source/index`, or the URL of one on any host. Error: usage. */
export function parseId(text: string): FeatureId {
  const { host, parts } = partsOfId(text);
  // A server may live below a path of its host.
  const [model, source, index] = host === undefined ? parts : parts.slice(-3);
  const isWhole = host !== undefined || parts.length === 3;
  if (isWhole && model !== undefined && source !== undefined && index !== undefined && /^\d{1,15}$/.test(index)) {
    return { model, source, index: String(Number(index)) };
  }
  // A long word may be a key, pasted by mistake: it is not echoed.
  const shown = text.includes('/') || text.length <= 20 ? `"${text}"` : 'what was typed';
  throw new AppError('usage', `${shown} is not the id of a feature`, {
    hints: [hintFor(isSurely(host) || text.includes('://') ? parts : text.split('/').filter(Boolean))],
  });
}

/** Whether it is a host and no model's name: `llama3.1-8b` is one, `www.neuronpedia.org` is not. */
function isSurely(host: string | undefined): boolean {
  return host !== undefined && /^localhost$|:\d+$|\.[a-z]+$/i.test(host);
}

function hintFor(parts: readonly string[]): string {
  if (parts.length === 2) {
    const source = parts.join('/');
    return `an id is model/source/index, for example ${source}/0; to delete everything that was uploaded there from this machine: neuronpedia delete --job ${source}`;
  }
  if (parts.length === 1 && /^[0-9a-f]{4,16}$/.test(parts[0] as string)) {
    return `an id is model/source/index; for a job as status lists it: neuronpedia status ${parts[0]}, or delete --job ${parts[0]}`;
  }
  return 'an id is model/source/index, for example gpt2-small/6-my-sae/1234, or the URL of one';
}
