import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AppError } from '../errors.ts';
import { findDuplicateKey } from '../formats/json-keys.ts';
import { nullForNaN } from '../python-json.ts';
import type * as z from '../schema.ts';
import { missingFile } from '../tensor/missing-file.ts';
import { parseHook, transformerLensHook } from './hook.ts';
import type { Known } from './sae.ts';

/** Largest config that is read, in bytes. Configs take kilobytes: megabytes mean some other file of that name. */
const largestConfig = 4 << 20;

/** Reads a config and checks the fields that are used. Errors: file_not_found, file_unreadable, config_invalid. */
export async function readJsonConfig<T>(path: string, schema: z.ZodMiniType<T>): Promise<T> {
  const parsed = schema.safeParse(parseJson(path, await readConfigText(path)));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw configError(path, `${issue?.path.join('.') || 'the whole file'}: ${issue?.message}`);
}

function parseJson(path: string, text: string): unknown {
  const plain = nullForNaN(text.replace(/^\ufeff/, ''));
  try {
    const twice = findDuplicateKey(plain);
    if (twice === undefined) return JSON.parse(plain);
    throw new Error(`has the key ${JSON.stringify(twice)} twice in one object`);
  } catch (cause) {
    throw configError(path, cause instanceof SyntaxError ? `is not JSON: ${cause.message}` : (cause as Error).message);
  }
}

/** Reads the text of a config. Errors: file_not_found, file_unreadable, config_invalid if it is far too long. */
export async function readConfigText(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) throw missingFile(path, 'no such file');
  if (found.size > largestConfig) throw configError(path, `is ${found.size} bytes long, too large for a config`);
  return readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new AppError('file_unreadable', `${path}: cannot be read (${cause.code})`, {
      details: { file: path },
      cause,
    });
  });
}

function configError(path: string, problem: string): AppError {
  return new AppError('config_invalid', `${path}: ${problem}`, {
    hints: [`to continue without it, move ${basename(path)} elsewhere and give --model, --layer and --hook yourself`],
    details: { file: path },
  });
}

/** Returns the full path of the first of these files, given relative to `folder`, that exists. */
export async function firstFile(folder: string, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found?.isFile()) return join(folder, name);
  }
  return undefined;
}

/** Returns what a config's hooks say: the one written to, the one read if it is another, and the layer in their names. */
export function knownHooks(from: string, out: string | null | undefined, read: string | null | undefined = out) {
  const place = out ?? read;
  return {
    layer: known(place ? parseHook(place).layer : undefined, from),
    hook: known(out && transformerLensHook(out), from),
    hookIn: read === out ? undefined : known(read && transformerLensHook(read), from),
  };
}

/** Pairs a value with its source. Undefined if there is no value. */
export function known<T>(value: T | null | undefined, from: string): Known<T> | undefined {
  return value === undefined || value === null ? undefined : { value, from };
}
