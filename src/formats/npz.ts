import { AppError } from '../errors.ts';
import type { ByteSource } from '../tensor/byte-source.ts';
import { dtypeSize } from '../tensor/dtype.ts';
import { elementCount, type Tensor } from '../tensor/tensor.ts';
import type { Format } from './format.ts';
import { readNpyTensor } from './npy.ts';
import { readNpyWhole } from './npy-whole.ts';
import { memberBytes } from './zip-bytes.ts';
import { readZipDirectory, type ZipEntry } from './zip-directory.ts';
import { whereInZip, zipError } from './zip-error.ts';
import { findMember } from './zip-member.ts';

const suffix = '.npy';

/** NumPy's .npz: a zip archive of .npy members, stored (np.savez) or deflated (np.savez_compressed). */
export const npz: Format = {
  name: 'npz',
  sniff: isNpz,
  async open(path, bytes) {
    const tensors = new Map<string, Tensor>();
    const undecodable = new Map<string, string>();
    const faults: AppError[] = [];
    const entries = await readZipDirectory(path, bytes);
    for (const [name, members] of byTensorName(entries)) {
      try {
        tensors.set(name, await readMember(path, bytes, name, members));
      } catch (error) {
        const fault = asFault(error);
        faults.push(fault);
        undecodable.set(name, fault.message.replace(`${whereInZip(path, members[0].name)}: `, ''));
      }
    }
    if (tensors.size === 0) throw nothingToRead(path, entries, faults);
    return {
      tensors,
      undecodable,
      metadata: new Map(),
      readWhole: readNpyWhole,
      async close() {
        for (const tensor of tensors.values()) await tensor.bytes.close();
      },
    };
  },
};

type Members = [ZipEntry, ...ZipEntry[]];

/** Whether a zip archive begins here, with a first member or without any. One that begins with a pickle is torch.save's. */
function isNpz(head: Uint8Array): boolean {
  const start = Buffer.from(head.buffer, head.byteOffset, head.length).toString('latin1');
  return ['PK\x03\x04', 'PK\x05\x06'].some((magic) => start.startsWith(magic)) && !/data\.pkl(?!\.npy)/.test(start);
}

function byTensorName(entries: readonly ZipEntry[]): Map<string, Members> {
  const byName = new Map<string, Members>();
  for (const entry of entries) {
    if (entry.name.endsWith('/')) continue;
    const name = entry.name.endsWith(suffix) ? entry.name.slice(0, -suffix.length) : entry.name;
    const same = byName.get(name);
    if (same) same.push(entry);
    else byName.set(name, [entry]);
  }
  return byName;
}

/** Matches names that lead elsewhere. They never become paths here, but numpy makes no archive with such a name. */
const elsewhere = /(^|[\\/])\.\.([\\/]|$)|^[\\/]|^[a-zA-Z]:[\\/]/;

function isUnsafe(name: string): boolean {
  return elsewhere.test(name) || name.includes('\0');
}

async function readMember(path: string, archive: ByteSource, name: string, members: Members): Promise<Tensor> {
  const [entry, ...others] = members;
  if (others.length > 0) throw zipError('format_invalid', path, 'appears more than once (duplicate)', entry.name);
  if (isUnsafe(entry.name))
    throw zipError('format_invalid', path, 'has a name that points outside the archive', entry.name);
  if (!entry.name.endsWith(suffix)) throw zipError('format_unsupported', path, 'is not an .npy array', entry.name);
  const member = await findMember(path, archive, entry);
  const bytes = memberBytes(member);
  try {
    const tensor = await readNpyTensor(whereInZip(path, entry.name), name, bytes);
    checkSize(path, entry, tensor);
    return { ...tensor, file: path };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    // Names archive and member: the .npy inside is not a file that the user has.
    const { code, message, hints, details } = error;
    throw new AppError(code, message, { hints, details: { ...details, file: path, member: entry.name }, cause: error });
  } finally {
    // Reading opens it again. Otherwise a thousand members whose headers were read would hold a thousand inflaters.
    await bytes.close();
  }
}

/** Checks that header and archive agree on the size of the array: nothing is left over to inflate. */
function checkSize(path: string, entry: ZipEntry, { dtype, shape, offset }: Tensor): void {
  const needed = offset + elementCount(shape) * dtypeSize(dtype);
  if (needed === entry.size) return;
  const problem = `takes ${needed} bytes by its .npy header and ${entry.size} by the zip directory (size mismatch)`;
  throw zipError('format_invalid', path, problem, entry.name);
}

/** Returns an error that concerns one member only. Rethrows all others: they mean that the file cannot be read. */
function asFault(error: unknown): AppError {
  const codes = ['format_invalid', 'format_unsupported'];
  if (error instanceof AppError && codes.includes(error.code)) return error;
  throw error;
}

function nothingToRead(path: string, entries: readonly ZipEntry[], faults: readonly AppError[]): AppError {
  const names = entries.map((entry) => entry.name);
  if (names.some((name) => name.endsWith(suffix))) {
    const [first, ...others] = faults as [AppError, ...AppError[]];
    const more = others.length > 0 ? ` (nor can the other ${others.length} members be read)` : '';
    return first.with({ message: first.message + more });
  }
  if (names.length === 0)
    return zipError('format_invalid', path, 'is a zip archive without any member, so holds no array');
  const pickle = names.some((name) => name.endsWith('.pkl'));
  const found = names
    .slice(0, 5)
    .map((name) => JSON.stringify(name))
    .join(', ');
  const what = pickle ? 'that holds a Python pickle' : 'without .npy members';
  return zipError('format_unknown', path, `is a zip archive ${what}, so it is not an .npz: ${found}`, undefined, [
    pickle
      ? 'pickles are never loaded; save the arrays: np.savez("weights.npz", W_dec=W_dec)'
      : 'unpack it first: unzip FILE',
  ]);
}
