import { crc32 } from 'node:zlib';
import type { ByteSource } from '../tensor/byte-source.ts';
import { inflatedBytes } from './zip-inflated.ts';
import { wrongCrc, type ZipMember } from './zip-member.ts';

/** A member's bytes before compression. */
export function memberBytes(member: ZipMember): ByteSource {
  return member.method === 0 ? storedBytes(member) : inflatedBytes(member);
}

/**
 * Makes a window on the archive. The CRC-32 is checked if the member is read from start to end, in pieces of any size. It
 * is not checked if only some of the rows are read, or columns in more than one band.
 */
function storedBytes(member: ZipMember): ByteSource {
  const { archive, start, size } = member;
  let summed = 0;
  let crc = 0;
  return {
    size,
    async read(into, position) {
      const end = position + into.length;
      if (end > size) throw new RangeError(`bytes up to ${end} were asked for, there are ${size}`);
      await archive.read(into, start + position);
      if (position <= summed && end > summed) {
        crc = crc32(into.subarray(summed - position), crc);
        summed = end;
      }
      if (summed === size && crc !== member.crc) throw wrongCrc(member);
    },
    async close() {},
  };
}
