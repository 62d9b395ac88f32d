// AssemblyScript. Addresses of the kernel's input, output, tables and what it notes meanwhile.
// src/encode/kernel-tables.ts fills the tables as one piece.

/** The most values that one call takes. */
export const capacity: i32 = 4096;
export const input = memory.data(16384, 16);
/** 16 bytes per value, and 16 more because the kernel writes 16 bytes at a time. */
export const output = memory.data(65552, 16);

/** For each exponent: the unit as two doubles, high and low (16 bytes). */
export const units = memory.data(4096, 16);
/** For each exponent: the power of ten that the unit was divided by (4 bytes). */
export const scales = memory.data(1024, 16);
/** For each exponent: length and text of the power of two (16 bytes). */
export const powers = memory.data(4096, 16);
/** For each exponent of plain values (16 bytes): unit · 2^24 (f64), place and the reach · 2^24 (i32 each). */
export const plainUnits = memory.data(4096, 16);
/**
 * For each sign and position of the decimal point (32 bytes): which of a value's characters goes where (16 bytes), and
 * how long the text is with its comma, for each number of trailing zeros.
 */
export const shapes = memory.data(2048, 16);

/** Values that one step handles before the next step begins. The steps pass each other what follows. */
export const mostInBatch: usize = 256;
/** For each value: its decimal (i32). There is room for four more. */
export const decimals = memory.data(1040, 16);
/** For each value: the number of its shape if the decimal has seven digits (i32). */
export const places = memory.data(1040, 16);
/** For each value: its first digit, `0`, point and minus, the address of its shape in `shapes` (i32), eight more digits. */
export const characters = memory.data(4160, 16);
