import { isUtf8 } from 'node:buffer';
import { nullForNaN, parsePythonJson } from '../python-json.ts';
import * as z from '../schema.ts';
import { indexFault, withIndex } from './indices.ts';

/** The index of the feature that a line describes: a number or its digits. */
export const lineIndex = z.nullish(
  z.union([z.number(), z.pipe(z.string().check(z.regex(/^\d+$/)), z.transform(Number))]),
);

/** Describes the fault of a line that has no index, listing the keys it has instead. */
export function saysNoIndex(line: object): string {
  const keys = Object.keys(line).slice(0, mostKeys);
  return `has no "index", so it does not say which feature it describes; it has ${keys.map((key) => JSON.stringify(key)).join(', ') || 'nothing'}`;
}

/** This many keys are enough to recognise a line. */
const mostKeys = 6;

/** Parses a line of JSON by a schema, with its feature index as `index`. Returns a text that describes the fault, if any. */
export function readJsonLine<S extends z.ZodMiniType>(text: Uint8Array, schema: S): z.infer<S> | string {
  if (!isUtf8(text)) return 'is not UTF-8';
  const line = Buffer.from(text.buffer, text.byteOffset, text.length).toString('utf8');
  let json: unknown;
  try {
    json = parsePythonJson(line, true);
  } catch (cause) {
    return `is not JSON: ${(cause as Error).message}`;
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return 'is not a JSON object';
  const clash = indexFault(json);
  if (clash !== undefined) return clash;
  const parsed = schema.safeParse(withIndex(json));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const asNull =
    /received null$/.test(issue?.message ?? '') && nullForNaN(line, true) !== line ? ' (NaN counts as null)' : '';
  return `${issue?.path.join('.') || 'the line'}: ${issue?.message}${asNull}`;
}
