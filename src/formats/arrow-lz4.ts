import { xxh32 } from './arrow-xxhash.ts';

/**
 * Decodes an LZ4 frame (the format of `lz4_Frame_format.md` 1.6) to exactly `size` bytes, with linked or independent
 * blocks, and verifies any checksums. Throws an Error that says what is wrong. The caller has bounded `size`.
 * Written here because a package from npm decodes linked blocks to wrong numbers without an error.
 */
export function decodeLz4Frame(frame: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const { flags, largestBlock, bodyStart } = readDescriptor(frame, view, size);
  const out = new Uint8Array(size);
  let written = 0;
  let at = bodyStart;
  for (let word = uint32(view, at); word !== 0; word = uint32(view, at)) {
    const length = word & 0x7fffffff;
    const stored = word >>> 31 === 1;
    const block = frame.subarray(at + 4, at + 4 + length);
    if (block.length < length) throw new Error('it ends inside a block');
    at += 4 + length;
    if (flags.blockChecksums) {
      checkHash(block, uint32(view, at), 'a block');
      at += 4;
    }
    const limit = Math.min(size, written + largestBlock);
    // An independent block refers to nothing before it.
    written = stored
      ? copyBlock(block, out, written, limit)
      : decodeBlock(block, out, written, limit, flags.independent ? written : 0);
  }
  if (written !== size) throw new Error(`it inflates to ${written} bytes, not ${size}`);
  if (flags.contentChecksum) checkHash(out, uint32(view, at + 4), 'its content');
  const end = at + (flags.contentChecksum ? 8 : 4);
  if (end !== frame.length) throw new Error(`${frame.length - end} bytes follow its frame`);
  return out;
}

interface Flags {
  readonly independent: boolean;
  readonly blockChecksums: boolean;
  readonly contentChecksum: boolean;
}

function readDescriptor(frame: Uint8Array, view: DataView, size: number) {
  if (uint32(view, 0) !== 0x184d2204) throw new Error('it is not an LZ4 frame (magic)');
  if (frame.length < 7) throw new Error('it ends inside its header');
  const [flag, sizes] = [frame[4]!, frame[5]!];
  if (flag >> 6 !== 1) throw new Error(`it is of version ${flag >> 6}`);
  if (flag & 1) throw new Error('it needs a dictionary');
  const blockSize = (sizes >> 4) & 7;
  if (blockSize < 4) throw new Error(`it has blocks of unknown size (${blockSize})`);
  let end = 6;
  if (flag & 8) {
    if (frame.length < 15) throw new Error('it ends inside its header');
    const content = view.getBigUint64(6, true);
    if (content !== BigInt(size)) throw new Error(`it claims ${content} bytes, not ${size}`);
    end += 8;
  }
  if (frame[end] !== ((xxh32(frame.subarray(4, end)) >> 8) & 0xff)) throw new Error('its header fails its checksum');
  const flags: Flags = {
    independent: (flag & 32) !== 0,
    blockChecksums: (flag & 16) !== 0,
    contentChecksum: (flag & 4) !== 0,
  };
  return { flags, largestBlock: 1 << (8 + 2 * blockSize), bodyStart: end + 1 };
}

function uint32(view: DataView, at: number): number {
  if (at + 4 > view.byteLength) throw new Error('it ends too early');
  return view.getUint32(at, true);
}

function checkHash(bytes: Uint8Array, expected: number, what: string): void {
  if (xxh32(bytes) !== expected) throw new Error(`${what} fails its checksum`);
}

function copyBlock(block: Uint8Array, out: Uint8Array, at: number, limit: number): number {
  if (at + block.length > limit) throw new Error('a block is longer than it may be');
  out.set(block, at);
  return at + block.length;
}

/** Up to this many bytes a loop is faster than a call. */
const shortCopy = 24;

/**
 * Decodes one block into `out` from `at` on, up to `limit`; matches reach back no further than `earliest`.
 * Returns where it ended. A block is pairs of literals and a match, and ends with literals.
 */
function decodeBlock(block: Uint8Array, out: Uint8Array, at: number, limit: number, earliest: number): number {
  let from = 0;
  let to = at;
  while (from < block.length) {
    const token = block[from++]!;
    let literals = token >> 4;
    if (literals === 15) {
      for (let more = 255; more === 255; literals += more) more = block[from++] ?? tooEarly();
    }
    if (literals > block.length - from || literals > limit - to) throw new Error('literals overrun a block');
    if (literals > shortCopy) out.set(block.subarray(from, from + literals), to);
    else for (let i = 0; i < literals; i++) out[to + i] = block[from + i]!;
    from += literals;
    to += literals;
    if (from === block.length) return to;
    const distance = (block[from] ?? tooEarly()) | ((block[from + 1] ?? tooEarly()) << 8);
    from += 2;
    let match = (token & 15) + 4;
    if (match === 19) {
      for (let more = 255; more === 255; match += more) more = block[from++] ?? tooEarly();
    }
    if (distance === 0 || distance > to - earliest) throw new Error('a match reaches back too far');
    if (match > limit - to) throw new Error('a match overruns its block');
    // A match that overlaps what it writes repeats itself, which copyWithin would not do.
    if (match > shortCopy && distance >= match) out.copyWithin(to, to - distance, to - distance + match);
    else for (let i = 0; i < match; i++) out[to + i] = out[to + i - distance]!;
    to += match;
  }
  throw new Error('a block is empty or ends with a match');
}

function tooEarly(): never {
  throw new Error('it ends inside a block');
}
