// AssemblyScript. Prints float32 values as JSON numbers, eight at a time. plain-floats.ts does the same in JavaScript, and
// src/encode/tables.ts explains how it works.
//
// A batch of values takes three short loops: the first finds their decimals, the second splits these into digits, and the
// third puts characters in order. Rounds of a short loop overlap in a processor; in one long loop with all three steps,
// each would wait for its own results, which takes an eighth longer.
import { characters, input, mostInBatch, shapes } from './addresses';
import { printEach } from './rare-floats';
import { scale } from './scale';
import { split } from './split';

export { capacity, input, output, plainUnits, powers, scales, shapes, units } from './addresses';
export { scaleOthers } from './scale';

/** Prints `count` values of `input` to an address, each with a comma. Returns the bytes written; 0 if one is not finite. */
export function print(count: i32, to: usize): i32 {
  let out = to;
  let at = input;
  const end = input + ((<usize>count >> 2) << 4);
  while (at < end) {
    const stop = scale(at, min(end, at + (mostInBatch << 2)));
    if (stop > at) {
      split(stop - at);
      out = write(stop - at, out);
      at = stop;
    } else {
      out = printEach(at, 4, out);
      if (!out) return 0;
      at += 16;
    }
  }
  if (count & 3) out = printEach(at, count & 3, out);
  return out ? <i32>(out - to) : 0;
}

/**
 * Writes values whose decimals took so many bytes, and returns where it stopped. It puts a value's characters in the order
 * of its shape, 16 bytes at once; the next value overwrites what is too much.
 */
export function write(size: usize, out: usize): usize {
  for (let at: usize = 0; at < size << 2; at += 16) {
    const shape = <usize>load<u32>(at, characters + 4);
    v128.store(out, i8x16.swizzle(v128.load(at, characters), v128.load(shape, shapes)));
    const zerosAtEnd = <usize>(clz(load<u64>(at, characters + 8) ^ 0x3030303030303030) >> 3);
    out += load<u8>(shape + zerosAtEnd, shapes + 16);
    store<u8>(out - 1, 0x2c);
  }
  return out;
}
