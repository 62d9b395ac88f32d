import { type ByteSource, readBytes } from '../tensor/byte-source.ts';
import { dtypeSize } from '../tensor/dtype.ts';
import { denseStrides, elementCount, type Tensor } from '../tensor/tensor.ts';
import type { Format } from './format.ts';
import { hasNpyMagic, invalid, type NpyHeader, npyHeaderSpan, parseNpyHeader } from './npy-header.ts';
import { readNpyWhole } from './npy-whole.ts';

/** NumPy's .npy: one array, in C or Fortran order, in either byte order. */
export const npy: Format = {
  name: 'npy',
  sniff: hasNpyMagic,
  async open(path, bytes) {
    const tensor = await readNpyTensor(path, '', bytes);
    return {
      tensors: new Map([['', tensor]]),
      undecodable: new Map(),
      metadata: new Map(),
      readWhole: readNpyWhole,
    };
  },
};

/** Describes the array in an .npy file. Errors: format_invalid (also for missing data), format_unsupported. */
export async function readNpyTensor(file: string, name: string, bytes: ByteSource): Promise<Tensor> {
  const header = await readHeader(file, bytes);
  const { dtype, bigEndian, shape, fortranOrder, dataOffset } = header;
  checkLength(file, header, bytes.size);
  const strides = denseStrides(shape, fortranOrder);
  return { file, name, dtype, bigEndian, shape, strides, offset: dataOffset, bytes };
}

async function readHeader(file: string, bytes: ByteSource): Promise<NpyHeader> {
  const head = await readBytes(bytes, 0, Math.min(12, bytes.size));
  const { start, length, utf8 } = npyHeaderSpan(file, head);
  if (start + length > bytes.size) {
    throw invalid(file, `is truncated: its header is ${length} bytes long and the file ends after ${bytes.size}`);
  }
  const text = Buffer.from(await readBytes(bytes, start, length)).toString(utf8 ? 'utf8' : 'latin1');
  return parseNpyHeader(file, text, start + length);
}

/** Allows bytes after the array, as numpy does (several np.save calls on one file), but no fewer than the shape needs. */
function checkLength(file: string, header: NpyHeader, size: number): void {
  const elements = elementCount(header.shape);
  const needed = elements * dtypeSize(header.dtype);
  if (!Number.isSafeInteger(needed)) {
    throw invalid(file, `has shape [${header.shape}], more elements than any file holds (overflow)`);
  }
  const found = size - header.dataOffset;
  if (found < needed) {
    const values = `${header.dtype} values of shape [${header.shape}]`;
    throw invalid(file, `is truncated: ${values} take ${needed} bytes, found ${found}`);
  }
}
