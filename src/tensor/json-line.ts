import { isUtf8 } from 'node:buffer';
import type * as z from '../schema.ts';
import { indexFault, withIndex } from './indices.ts';

/** What is wrong with a line that does not say which feature it is of, with what it says instead. */
export function saysNoIndex(line: object): string {
  const keys = Object.keys(line).slice(0, mostKeys);
  return `says no "index": which feature is it of? It has ${keys.map((key) => JSON.stringify(key)).join(', ') || 'nothing'}`;
}

/** So many tell what a line is. */
const mostKeys = 6;

/** A line of JSON that says which feature it is of, by a schema; or what is wrong with it, in words. */
export function readJsonLine<S extends z.ZodMiniType>(text: Uint8Array, schema: S): z.infer<S> | string {
  if (!isUtf8(text)) return 'is not UTF-8';
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(text.buffer, text.byteOffset, text.length).toString('utf8'));
  } catch (cause) {
    return `is not JSON: ${(cause as Error).message}`;
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return 'is no JSON object';
  const clash = indexFault(json);
  if (clash !== undefined) return clash;
  const parsed = schema.safeParse(withIndex(json));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return `${issue?.path.join('.') || 'the line'}: ${issue?.message}`;
}
