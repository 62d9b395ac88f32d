import { present } from '../present.ts';
import type { Attributes } from '../upload/attributes.ts';
import type { OptionValues } from './options.ts';

/** Collects the options that describe an upload as a whole; options not given are absent. */
export function attributesOf(options: OptionValues): Attributes {
  const { description, tag: tags, paperUrl, license, visibility, metadata } = options;
  return present({ description, tags, paperUrl, license, visibility, metadata });
}
