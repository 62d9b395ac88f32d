import fc from 'fast-check';

/** Integers that are edge cases for a size, an offset or a count. */
const extremes = [
  0n,
  1n,
  -1n,
  7n,
  255n,
  2n ** 15n,
  2n ** 16n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 53n,
  -(2n ** 63n),
];
/** Characters that keep a header readable but change its meaning. */
const marks = [...'0123456789,:-()[]{}"\' eELTFu<>|=\\\n'].map((mark) => mark.charCodeAt(0));

/** One change to a file. Positions are fractions of its length, so that they fit any file. */
type Edit =
  | { readonly kind: 'byte'; readonly at: number; readonly value: number }
  | { readonly kind: 'number'; readonly at: number; readonly size: 2 | 4 | 8; readonly value: bigint }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'more'; readonly count: number; readonly value: number }
  | { readonly kind: 'copy'; readonly at: number; readonly from: number; readonly count: number }
  | { readonly kind: 'gone'; readonly at: number; readonly count: number };

// Headers are at the start, directories and footers at the end, and these decide how the rest is read.
const place = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.double({ min: 0, max: 0.15, noNaN: true }),
  fc.double({ min: 0.85, max: 1, noNaN: true }),
);
const count = fc.integer({ min: 1, max: 40 });
const edit: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('byte'),
      at: place,
      value: fc.oneof(fc.nat(255), fc.constantFrom(...marks)),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('number'),
      at: place,
      size: fc.constantFrom(2, 4, 8),
      value: fc.constantFrom(...extremes),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cut'), at: place }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('more'), count, value: fc.nat(255) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('copy'), at: place, from: place, count }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('gone'), at: place, count }) },
);

/** Generates what may happen to a file in transit: one to three changes. */
export const damage: fc.Arbitrary<readonly Edit[]> = fc.array(edit, { minLength: 1, maxLength: 3 });

/** Returns a damaged copy. */
export function damaged(whole: Uint8Array, edits: readonly Edit[]): Buffer {
  let bytes = Buffer.from(whole);
  for (const one of edits) bytes = apply(bytes, one);
  return bytes;
}

function apply(bytes: Buffer<ArrayBuffer>, edit: Edit): Buffer<ArrayBuffer> {
  const position = (share: number, size = 1) =>
    Math.min(Math.floor(share * bytes.length), Math.max(0, bytes.length - size));
  switch (edit.kind) {
    case 'byte':
      if (bytes.length > 0) bytes[position(edit.at)] = edit.value;
      return bytes;
    case 'number': {
      if (bytes.length < 8) return bytes;
      const at = position(edit.at, 8);
      const image = Buffer.alloc(8);
      image.writeBigInt64LE(BigInt.asIntN(64, edit.value));
      image.copy(bytes, at - (at % edit.size), 0, edit.size);
      return bytes;
    }
    case 'cut':
      return bytes.subarray(0, position(edit.at));
    case 'more':
      return Buffer.concat([bytes, Buffer.alloc(edit.count, edit.value)]);
    case 'copy': {
      const from = position(edit.from);
      bytes.copy(bytes, position(edit.at), from, from + edit.count);
      return bytes;
    }
    case 'gone': {
      const at = position(edit.at);
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + edit.count)]);
    }
  }
}
