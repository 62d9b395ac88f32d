import type { HeadPlace } from '../upload/head-place.ts';

/** Parses `0=gemma-2-2b:13`, the place of one head of a crosscoder; undefined if the text has another form. */
export function parseHead(text: string): HeadPlace | undefined {
  const match = /^\s*(\d{1,3})\s*=\s*([^\s:=]+):(\d{1,3})\s*$/.exec(text);
  if (!match) return undefined;
  return { index: Number(match[1]), model: match[2] as string, layer: Number(match[3]) };
}
