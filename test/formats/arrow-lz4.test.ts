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

test('a damaged frame fails with an error or gives the right number of bytes, and never hangs', () => {
  const random = seeded(11);
  const frame = frameOf(linked, literals('abcdefgh'), match(8, 8), match(3, 12));
  for (let i = 0; i < 5000; i++) {
    const damaged = Buffer.from(frame);
    for (let k = 0; k <= i % 3; k++)
      damaged[7 + Math.floor(random() * (frame.length - 7))] = Math.floor(random() * 256);
    try {
      expect(decodeLz4Frame(damaged, 38)).toHaveLength(38);
    } catch (error) {
      expect(error).toBeInstanceOf(Error);
      expect(error).not.toBeInstanceOf(TypeError);
    }
  }
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
