import type { Attributes } from '../upload/attributes.ts';
import type { OptionValues } from './options.ts';

/** Collects the options that describe an upload as a whole; options not given are absent. */
export function attributesOf(options: OptionValues): Attributes {
  const { description, tag: tags, paperUrl, license, visibility, metadata } = options;
  const given = { description, tags, paperUrl, license, visibility, metadata };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
