import { type ByteSource, readBytes } from '../tensor/byte-source.ts';
import { isDtype } from '../tensor/dtype.ts';
import { denseStrides, type Tensor } from '../tensor/tensor.ts';
import type { Format } from './format.ts';
import { invalid, parseSafetensorsHeader } from './safetensors-header.ts';

/** The limit of the reference reader; real headers take kilobytes. */
const longestHeader = 100_000_000n;

/** Hugging Face's .safetensors: named tensors, little-endian, C order. */
export const safetensors: Format = {
  name: 'safetensors',
  sniff: (head) => head.length > 8 && head[8] === 0x7b && headerLength(head) <= longestHeader,
  async open(path, bytes) {
    const { text, dataOffset } = await readHeaderText(path, bytes);
    const header = parseSafetensorsHeader(path, text, bytes.size - dataOffset);
    const tensors = new Map<string, Tensor>();
    const undecodable = new Map<string, string>();
    for (const { name, dtype, shape, start } of header.entries) {
      if (!isDtype(dtype)) {
        undecodable.set(name, `dtype ${dtype} is not read by this tool`);
        continue;
      }
      const strides = denseStrides(shape);
      const offset = dataOffset + start;
      tensors.set(name, { file: path, name, dtype, bigEndian: false, shape, strides, offset, bytes });
    }
    return { tensors, undecodable, metadata: header.metadata };
  },
};

async function readHeaderText(path: string, bytes: ByteSource): Promise<{ text: string; dataOffset: number }> {
  if (bytes.size < 8) throw invalid(path, `is truncated: ${bytes.size} bytes are too short for a safetensors header`);
  const length = headerLength(await readBytes(bytes, 0, 8));
  if (length > longestHeader) {
    throw invalid(
      path,
      `claims a header of ${length} bytes; the format allows ${longestHeader} (is this safetensors?)`,
    );
  }
  if (length + 8n > BigInt(bytes.size)) {
    throw invalid(path, `is truncated: its header is ${length} bytes long and the file ends after ${bytes.size}`);
  }
  const header = await readBytes(bytes, 8, Number(length));
  return { text: decodeUtf8(path, header), dataOffset: 8 + Number(length) };
}

function headerLength(head: Uint8Array): bigint {
  return new DataView(head.buffer, head.byteOffset, head.length).getBigUint64(0, true);
}

/** Decodes the text of a header. Error: format_invalid. */
export function decodeUtf8(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw invalid(path, 'has a header that is not UTF-8 text, so not JSON');
  }
}
