import * as z from '../../schema.ts';
import { refuseField } from './refusal.ts';

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');
}

/** Checks a parsed body against a schema; refuses with 400 `invalid_field` and the first problem's path. */
export function parseAs<T>(schema: z.ZodMiniType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  refuseField(pathText(issue?.path ?? []), issue?.message ?? 'not valid');
}

/** A number, or one written as text, as on the public server. */
export function numeric(number: z.ZodMiniNumber): z.ZodMiniType<number> {
  const fromText = (value: unknown) => (typeof value === 'string' && value.trim() !== '' ? Number(value) : value);
  return z.pipe(z.transform(fromText), number);
}

/** A truth value, or one written as text, as on the public server. */
export const truth = z.pipe(
  z.transform((value) => (value === 'true' ? true : value === 'false' ? false : value)),
  z.boolean(),
);

/** A non-empty text. */
export const text = z.string().check(z.minLength(1));

/** An http or https address. */
export const webAddress = z.url({ protocol: /^https?$/, error: 'must be a valid URL' });

// Deeper objects could exhaust the stack of the code that walks them.
const MAX_DEPTH = 32;

// JSON.parse reads 1e999 as Infinity, which the store's JSON would turn into null.
function isKeepable(value: unknown, levels: number): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((part) => isKeepable(part, levels - 1));
}

/** An object with any keys, kept unchanged. */
export const freeObject = z.custom<Record<string, unknown>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value) && isKeepable(value, MAX_DEPTH),
  `must be an object nested at most ${MAX_DEPTH} levels deep, with finite numbers only`,
);

/** The index of a row in look-ups: a number or its digits. */
export const rowIndex = numeric(z.int().check(z.gte(0)));
