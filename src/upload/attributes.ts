import { textFault } from '../dashboards/check-dashboard.ts';
import { AppError } from '../errors.ts';
import { parseLicense } from './licenses.ts';
import type { Capabilities, Server, SourceSet } from './server.ts';

/** Attributes of an upload as a whole, whatever its kind. */
export interface Attributes {
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly paperUrl?: string;
  /** An SPDX identifier. */
  readonly license?: string;
  readonly visibility?: 'public' | 'private';
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** Applies if the user names no licence. */
const defaultLicense = 'CC-BY-4.0';

/** Returns the fields of an upload that carry its attributes; none if the server keeps no attributes. */
export function attributeFields(attributes: Attributes, { storesAttributes }: Capabilities): Record<string, unknown> {
  if (!storesAttributes) return {};
  const { visibility, ...others } = { ...attributes, license: attributes.license ?? defaultLicense };
  // Public is the default and left out, so that naming it does not make the upload a different one.
  return visibility === 'private' ? { ...others, visibility } : others;
}

/** Returns an upload's licence and visibility in words; undefined if the server keeps neither. */
export function sharing(
  { license, visibility = 'public' }: Attributes,
  { storesAttributes }: Capabilities,
): string | undefined {
  return storesAttributes ? `${license ?? `${defaultLicense} (default)`}, ${visibility}` : undefined;
}

/** Refuses attributes that no server takes, and `private` where this one cannot keep it. Errors: usage, cannot_be_stored. */
export function checkAttributes(
  { description, tags = [], license, visibility, metadata = {} }: Attributes,
  server: Server,
): void {
  const texts = [
    ...(description === undefined ? [] : [['description', description]]),
    ...tags.map((tag) => ['tag', tag]),
  ];
  for (const [name, text] of texts as [string, string][]) {
    const fault = textFault(text);
    if (fault !== undefined) throw new AppError('usage', `--${name} "${text}": ${fault}`);
  }
  for (const [key, value] of Object.entries(metadata)) {
    const fault = textFault(key) ?? jsonFault(value);
    if (fault !== undefined) throw new AppError('usage', `--metadata ${key}: ${fault}`);
  }
  if (license !== undefined && parseLicense(license) !== license) {
    const known = parseLicense(license);
    throw new AppError('usage', `"${license}" is not an SPDX licence identifier`, {
      hints: [known ? `did you mean ${known}?` : 'use one such as CC-BY-4.0, CC0-1.0, MIT or Apache-2.0'],
    });
  }
  if (visibility !== 'private' || server.capabilities.privateUploads) return;
  const why = server.capabilities.storesAttributes
    ? `private uploads need a paid plan, which account ${server.account.name} does not have`
    : `${server.name} does not support private uploads: everyone could see this one`;
  throw new AppError('cannot_be_stored', why, {
    hints: ['nothing was sent; leave out --visibility to upload it publicly'],
    details: { visibility },
  });
}

/** Says why a JSON value would not arrive unchanged; undefined if it would. Empty texts are allowed here. */
function jsonFault(value: unknown, within: readonly unknown[] = []): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : textFault(value);
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'is a number out of range for a float64';
  if (['bigint', 'function', 'symbol'].includes(typeof value)) return `a ${typeof value} is not a JSON value`;
  if (typeof value !== 'object' || value === null) return undefined;
  if ('toJSON' in value) return undefined;
  if (within.includes(value)) return 'contains itself';
  if (!['[object Object]', '[object Array]'].includes(Object.prototype.toString.call(value)))
    return `a ${value.constructor.name} is not a JSON value`;
  for (const [key, part] of Object.entries(value)) {
    const fault = (key === '' ? undefined : textFault(key)) ?? jsonFault(part, [...within, value]);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/**
 * Returns the given attributes that the server cannot store, by name. The default licence does not count as given. `set` is
 * the source set as the server has or will have it: there, every server keeps a description and a paper's URL.
 */
export function notStored(
  attributes: Attributes,
  { storesAttributes }: Capabilities,
  set?: Pick<SourceSet, 'description' | 'urls'>,
): Record<string, unknown> {
  if (storesAttributes) return {};
  const { visibility: _public, ...given } = attributes;
  const kept = (name: string, value: unknown) =>
    set !== undefined &&
    ((name === 'description' && set.description === value) ||
      (name === 'paperUrl' && set.urls.includes(String(value))));
  return Object.fromEntries(Object.entries(given).filter(([name, value]) => !kept(name, value)));
}

/** Returns the contents of the source set that an upload with these attributes creates. */
export function newSet({ description, paperUrl }: Attributes): Pick<SourceSet, 'description' | 'urls'> {
  return { description: description ?? '', urls: paperUrl === undefined ? [] : [paperUrl] };
}
