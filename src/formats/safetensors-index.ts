import { dirname, join } from 'node:path';
import { AppError } from '../errors.ts';
import { type ByteSource, openFile, readBytes } from '../tensor/byte-source.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { quoted } from '../tensor/tensor.ts';
import type { Contents, Format } from './format.ts';
import { findDuplicateKey } from './json-keys.ts';
import { decodeUtf8, safetensors } from './safetensors.ts';
import { invalid } from './safetensors-header.ts';
import { nameStranger } from './strangers.ts';

/** Bytes. An index takes about 100 per tensor. */
const longestIndex = 100_000_000;

/** `model.safetensors.index.json`, which says which of several .safetensors files beside it holds which tensor. */
export const safetensorsIndex: Format = {
  name: 'safetensors.index.json',
  sniff: (head) => /^\s*\{.*"weight_map"\s*:\s*\{/s.test(Buffer.from(head).toString('latin1')),
  async open(path, bytes) {
    if (bytes.size > longestIndex)
      throw invalid(path, `is an index of ${bytes.size} bytes; at most ${longestIndex} are read`);
    return openIndex(path, decodeUtf8(path, await readBytes(bytes, 0, bytes.size)));
  },
};

/** Opens an index's shards. Errors: file_not_found, file_unreadable, format_unknown, format_invalid, format_unsupported. */
export async function openIndex(path: string, text: string): Promise<Contents> {
  const { names, metadata } = parseIndex(path, text);
  const files: ByteSource[] = [];
  const close = async () => {
    for (const file of files) await file.close();
  };
  try {
    const tensors = new Map<string, Tensor>();
    const undecodable = new Map<string, string>();
    for (const [shard, wanted] of names) {
      const shardPath = join(dirname(path), shard);
      const contents = await openShard(path, shardPath, files);
      for (const name of wanted) take(path, shardPath, contents, name, tensors, undecodable);
    }
    return { tensors, undecodable, metadata, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function take(
  path: string,
  shardPath: string,
  contents: Contents,
  name: string,
  tensors: Map<string, Tensor>,
  undecodable: Map<string, string>,
): void {
  const tensor = contents.tensors.get(name);
  const reason = contents.undecodable.get(name);
  if (tensor) tensors.set(name, tensor);
  else if (reason !== undefined) undecodable.set(name, reason);
  else throw invalid(shardPath, `holds no tensor ${quoted(name)}, although ${path} says that it is in this file`);
}

async function openShard(path: string, shardPath: string, files: ByteSource[]): Promise<Contents> {
  const bytes = await openFile(shardPath).catch((cause) => {
    if (!(cause instanceof AppError)) throw cause;
    throw cause.with({
      message: `${cause.message}, which ${path} names as a shard`,
      hints: [`${path} names this shard; all shards must lie beside the index`],
    });
  });
  files.push(bytes);
  const stranger = nameStranger(await readBytes(bytes, 0, Math.min(512, bytes.size)));
  if (stranger) {
    const details = { file: shardPath };
    throw new AppError('format_unknown', `${shardPath}: is ${stranger.what}`, { hints: [stranger.hint], details });
  }
  return safetensors.open(shardPath, bytes);
}

interface Index {
  /** Shard to the names of its tensors, in the order of the index. */
  readonly names: ReadonlyMap<string, readonly string[]>;
  readonly metadata: ReadonlyMap<string, string>;
}

function parseIndex(path: string, text: string): Index {
  const { weight_map, metadata } = parseObject(path, text);
  if (!isObject(weight_map)) throw invalid(path, 'has a weight_map that is not an object');
  const names = new Map<string, string[]>();
  // Object.entries and Maps, because a tensor may be called __proto__.
  for (const [name, shard] of Object.entries(weight_map)) {
    checkShardName(path, name, shard);
    const others = names.get(shard);
    if (others) others.push(name);
    else names.set(shard, [name]);
  }
  if (names.size === 0) throw invalid(path, 'has an empty weight_map, so names no tensor');
  const notes = isObject(metadata) ? Object.entries(metadata) : [];
  const asText = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  return { names, metadata: new Map(notes.map(([key, value]) => [key, asText(value)])) };
}

function parseObject(path: string, text: string): Record<string, unknown> {
  let value: unknown;
  let duplicate: string | undefined;
  try {
    duplicate = findDuplicateKey(text);
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid(path, `is an index that is not JSON: ${(cause as Error).message}`);
  }
  if (duplicate !== undefined) throw invalid(path, `has the key ${quoted(duplicate)} twice (duplicate)`);
  if (!isObject(value)) throw invalid(path, 'is an index that is not a JSON object');
  return value;
}

/** Checks a name that comes from a file: it may only be that of another file in the same folder. */
function checkShardName(path: string, name: string, shard: unknown): asserts shard is string {
  if (typeof shard !== 'string')
    throw invalid(path, `puts tensor ${quoted(name)} into ${JSON.stringify(shard)}, not a file`);
  if (/[\\/\0:]/.test(shard) || shard === '' || shard.startsWith('.')) {
    throw invalid(
      path,
      `puts tensor ${quoted(name)} into ${quoted(shard)}, which is not the name of a file beside it (path)`,
    );
  }
  if (!shard.endsWith('.safetensors')) {
    throw new AppError(
      'format_unsupported',
      `${path}: puts tensor ${quoted(name)} into ${quoted(shard)}, which is not a .safetensors file`,
      {
        hints: ['pickles (.bin, .pt) are never loaded; save the model with safe_serialization=True'],
        details: { file: path },
      },
    );
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
