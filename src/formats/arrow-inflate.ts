import { type ByteSource, readBytes } from '../tensor/byte-source.ts';
import type { Codec, Region } from './arrow-batches.ts';
import { invalid, unsupported } from './arrow-errors.ts';
import { decodeLz4Frame } from './arrow-lz4.ts';

/** Contiguous bytes within a source: `size` bytes from `start` on. */
export interface Window {
  readonly source: ByteSource;
  readonly start: number;
  readonly size: number;
}

/** pandas writes batches of 65,536 rows, which take exactly this in float32 of width 4096. */
const largestBuffer = 1 << 30;
/** The Zstandard decoder holds a buffer twice, compressed and inflated, in WebAssembly's 2 GiB. */
const largestZstd = 512 << 20;
/** No frame of either kind inflates to more than this many times its size. */
const greatestRatio = { lz4: 256, zstd: 1 << 15 };

/** Opens buffers of record batches, inflating those that are compressed. Keeps the one that it inflated last. */
export interface Inflater {
  /** Refuses a compressed buffer that claims more than `atMost`, the bytes its rows need, and padding. Reads 8 bytes. */
  open(region: Region, atMost: number): Promise<Window>;
}

/** Makes an inflater. It keeps only the buffer that it inflated last, so memory is bounded by the largest buffer. */
export function inflater(file: string, bytes: ByteSource): Inflater {
  let kept: { position: number; inflated: Promise<Uint8Array> } | undefined;

  /** Concurrent reads share one inflation. */
  function inflated(region: Region, codec: Codec, size: number): Promise<Uint8Array> {
    if (kept?.position !== region.position) {
      kept = undefined;
      kept = { position: region.position, inflated: inflate(file, bytes, region, codec, size) };
    }
    return kept.inflated;
  }

  return {
    async open(region, atMost) {
      const { position, length, codec } = region;
      if (!codec || length === 0) return { source: bytes, start: position, size: length };
      if (length < 8) throw invalid(file, `has a compressed buffer of ${length} bytes, too short for its length`);
      const claimed = new DataView((await readBytes(bytes, position, 8)).buffer).getBigInt64(0, true);
      if (claimed === -1n) return { source: bytes, start: position + 8, size: length - 8 };
      const size = checkClaim(file, claimed, atMost, region, codec);
      const source: ByteSource = {
        size,
        async read(into, from) {
          into.set((await inflated(region, codec, size)).subarray(from, from + into.length));
        },
        async close() {},
      };
      return { source, start: 0, size };
    },
  };
}

function checkClaim(file: string, claimed: bigint, atMost: number, region: Region, codec: Codec): number {
  const padded = 64 * Math.ceil(atMost / 64) + 64;
  const possible = region.length * greatestRatio[codec];
  if (claimed < 0n || claimed > BigInt(Math.min(padded, possible))) {
    throw invalid(
      file,
      `has a compressed buffer of ${region.length} bytes that claims to inflate to ${claimed}; its rows need ${atMost}`,
    );
  }
  const limit = codec === 'zstd' ? largestZstd : largestBuffer;
  if (claimed > BigInt(limit)) {
    const hint = 'write it again in smaller batches: pyarrow.feather.write_feather(table, "out.arrow", chunksize=8192)';
    throw unsupported(
      file,
      `has a compressed buffer that inflates to ${claimed} bytes; at most ${limit} are read`,
      hint,
    );
  }
  return Number(claimed);
}

async function inflate(file: string, bytes: ByteSource, region: Region, codec: Codec, size: number) {
  if (size === 0) return new Uint8Array(0);
  const stored = await readBytes(bytes, region.position + 8, region.length - 8);
  try {
    return codec === 'lz4' ? decodeLz4Frame(stored, size) : await decodeZstd(stored, size);
  } catch (cause) {
    const place = `a ${codec} buffer at byte ${region.position}`;
    throw invalid(file, `has ${place} that cannot be inflated: ${(cause as Error).message}`, cause);
  }
}

async function decodeZstd(stored: Uint8Array, size: number): Promise<Uint8Array> {
  const { ZSTDDecoder } = await import('zstddec');
  const decoder = new ZSTDDecoder();
  await decoder.init();
  const inflated = decoder.decode(stored, size);
  // It reports any error by returning an array of another length.
  if (inflated.length !== size) throw new Error(`it is damaged, or does not inflate to ${size} bytes`);
  return inflated;
}
