import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeLz4Frame } from '../../src/formats/arrow-lz4.ts';
import { xxh32 } from '../../src/formats/arrow-xxhash.ts';
import { fixture, seeded } from '../fixtures.ts';

/** Makes a frame of one uncompressed block, with the header that most writers use. */
function storedFrame(content: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(0x80000000 + content.length);
  return Buffer.concat([Buffer.from('04224d18604082', 'hex'), length, content, Buffer.alloc(4)]);
}

/** Makes a frame of compressed blocks with these flags. */
function frameOf(flags: number, ...blocks: number[][]): Buffer {
  const descriptor = Buffer.from([flags, 0x40]);
  const parts = blocks.flatMap((block) => [int32(block.length), Buffer.from(block)]);
  const check = Buffer.from([(xxh32(descriptor) >> 8) & 0xff]);
  return Buffer.concat([Buffer.from('04224d18', 'hex'), descriptor, check, ...parts, Buffer.alloc(4)]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

const text = (frame: Uint8Array, size: number) => Buffer.from(decodeLz4Frame(frame, size)).toString('latin1');
const literals = (word: string) => [word.length << 4, ...Buffer.from(word)];
/** Makes a block that repeats `length` bytes from `distance` back and ends with five literals. */
const match = (distance: number, length: number) => [length - 4, distance, 0, ...literals('.....')];

const [independent, linked] = [0x60, 0x40];

test.each([
  ['', 0x02cc5d05],
  ['a', 0x550d7456],
  ['abc', 0x32d153ff],
  ['Nobody inspects the spammish repetition', 0xe2293b2f],
])('xxh32 of "%s" is the published checksum', (content, hash) => {
  expect(xxh32(Buffer.from(content))).toBe(hash);
});

describe('an LZ4 frame', () => {
  test('of a stored block decodes to its content', () => {
    expect(text(storedFrame(Buffer.from('0123456789')), 10)).toBe('0123456789');
  });

  test('may repeat bytes that overlap with its own output', () => {
    const block = [0x1f, 0x61, 1, 0, 10, ...literals('bcdef')];
    expect(text(frameOf(independent, block), 35)).toBe(`${'a'.repeat(30)}bcdef`);
  });

  test('of linked blocks may refer to earlier blocks', () => {
    const frame = frameOf(linked, literals('abcdefgh'), match(8, 8));
    expect(text(frame, 21)).toBe('abcdefghabcdefgh.....');
  });

  test('of independent blocks must not refer to earlier blocks', () => {
    const frame = frameOf(independent, literals('abcdefgh'), match(8, 8));
    expect(() => decodeLz4Frame(frame, 21)).toThrow('reaches back too far');
  });
});

/** All that a frame can be refused for. */
const reasons =
  /^(it (ends|inflates|is|needs|has|claims) |its header |a block |a match |literals overrun|\d+ bytes follow its frame)/;

test.each([
  ['no bytes at all', Buffer.alloc(0), /too early/],
  ['other bytes', Buffer.alloc(40), /not an LZ4 frame/],
  ['half a header', storedFrame(Buffer.alloc(9)).subarray(0, 6), /ends inside its header/],
  ['a truncated block', storedFrame(Buffer.from('012345678')).subarray(0, 15), /ends inside a block/],
  ['no end mark', storedFrame(Buffer.from('012345678')).subarray(0, 20), /too early/],
  ['bytes after its end', Buffer.concat([storedFrame(Buffer.from('012345678')), Buffer.alloc(3)]), /3 bytes follow/],
  ['too little content', storedFrame(Buffer.from('01234567')), /inflates to 8 bytes, not 9/],
  ['too much content', storedFrame(Buffer.from('0123456789')), /longer than it may be/],
  ['a match before the start', frameOf(linked, [...literals('abc').slice(0, 4), 4, 0]), /reaches back too far/],
  ['a match at distance 0', frameOf(linked, [...literals('abc'), 0, 0]), /reaches back too far/],
  ['literals that overrun', frameOf(linked, [0xf0, 200, 1, 2, 3]), /literals overrun/],
  ['an unfinished length', frameOf(linked, [0xf0, 255, 255]), /ends inside a block/],
  ['a match that overruns', frameOf(linked, [0x1f, 0x61, 1, 0, 200]), /overruns/],
  ['a token that nothing follows', frameOf(linked, literals('abc').concat(0x11)), /overrun|ends|empty/],
  ['a dictionary', frameOf(linked | 1, literals('012345678')), /dictionary/],
  ['version 2', frameOf(0xa0, literals('012345678')), /version 2/],
])('a frame with %s is refused', (_, frame, message) => {
  expect(() => decodeLz4Frame(frame, 9)).toThrow(message);
});

/** Decodes a linked frame without checksums byte by byte, as the format is defined; undefined if it is not well-formed. */
function decodedSlowly(frame: Buffer, size: number): Buffer | undefined {
  const bytes = [...frame.subarray(7)];
  const out: number[] = [];
  const take = (from: number[]) => from.shift() ?? refuse();
  const refuse = (): never => {
    throw new Error('not well-formed');
  };
  const word = () => [0, 8, 16, 24].reduce((sum, shift) => sum + take(bytes) * 2 ** shift, 0);
  const lengthOf = (nibble: number, block: number[]) => {
    for (let more = nibble === 15 ? 255 : 0; more === 255; nibble += more) more = take(block);
    return nibble;
  };
  const put = (byte: number) => (out.length < size ? out.push(byte) : refuse());
  try {
    for (let head = word(); head !== 0; head = word()) {
      const length = head % 2 ** 31;
      if (length > bytes.length) refuse();
      const block = bytes.splice(0, length);
      if (head >= 2 ** 31) block.splice(0).forEach(put);
      else if (block.length === 0) refuse();
      while (block.length > 0) {
        const token = take(block);
        for (let left = lengthOf(token >> 4, block); left > 0; left--) put(take(block));
        if (block.length === 0) break;
        const distance = take(block) + 256 * take(block);
        if (distance === 0 || distance > out.length) refuse();
        for (let left = lengthOf(token & 15, block) + 4; left > 0; left--) put(out.at(-distance)!);
        if (block.length === 0) refuse();
      }
    }
  } catch {
    return undefined;
  }
  return out.length === size && bytes.length === 0 ? Buffer.from(out) : undefined;
}

function decodedOrReason(frame: Buffer, size: number): Uint8Array | string {
  try {
    return decodeLz4Frame(frame, size);
  } catch (error) {
    return (error as Error).message;
  }
}

test('a damaged frame gives the bytes that a simple decoder gives, or is refused with the reason if that refuses it', () => {
  const random = seeded(11);
  const frame = frameOf(linked, literals('abcdefgh'), match(8, 8), match(3, 12));
  const ends = { decoded: 0, refused: 0 };
  const wrong: [frame: string, found: Uint8Array | string][] = [];
  for (let i = 0; i < 5000; i++) {
    const damaged = Buffer.from(frame);
    for (let k = 0; k <= i % 3; k++)
      damaged[7 + Math.floor(random() * (frame.length - 7))] = Math.floor(random() * 256);
    const expected = decodedSlowly(damaged, 38);
    ends[expected ? 'decoded' : 'refused']++;
    const found = decodedOrReason(damaged, 38);
    const isRight = typeof found === 'string' ? !expected && reasons.test(found) : expected?.equals(found);
    if (!isRight) wrong.push([damaged.toString('hex'), found]);
  }
  expect(wrong).toEqual([]);
  expect(ends.decoded).toBeGreaterThan(500);
  expect(ends.refused).toBeGreaterThan(500);
});

test.each(['lz4_linked_blocks.arrow', 'polars_large_lz4.arrow'])(
  'the fixture %s contains a frame of linked blocks',
  (name) => {
    const bytes = readFileSync(fixture('arrow', name));
    const at = bytes.indexOf(Buffer.from('04224d18', 'hex'));
    expect(at).toBeGreaterThan(0);
    expect(bytes[at + 4]! & 0x20).toBe(0);
  },
);
