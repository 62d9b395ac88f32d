import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A decoder and dashboards to upload, and what a store must hold of them afterwards. */
export interface Material {
  readonly rows: number;
  readonly weights: string;
  readonly activations: string;
  /** Float32 values of a row, little-endian, in hex. */
  vectorOf(row: number): string;
  /** Tokens and values of each of a row's texts, as JSON. */
  examplesOf(row: number): string[];
  explanationsOf(row: number): string[];
}

export const width = 64;
export const model = 'tiny-kjv-4l';

const vectorBytes = (row: number): Buffer =>
  Buffer.from(Float32Array.from({ length: width }, (_, column) => Math.sin(row * width + column) / 3).buffer);

const examples = (row: number) =>
  [0, 1].map((text) => ({ tokens: [`${row}`, ` text ${text}`], values: [row / 8, text + 0.5] }));

const explanations = (row: number) => (row % 2 === 0 ? [{ text: `what row ${row} means` }] : []);

/** Writes a `rows` × 64 decoder of distinct values, with two texts per row and an explanation for every other row. */
export function makeMaterial(folder: string, rows: number): Material {
  mkdirSync(folder, { recursive: true });
  const [weights, activations] = [join(folder, 'W_dec.npy'), join(folder, 'activations.jsonl')];
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${width}), }`.padEnd(117);
  const head = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]);
  const all = Array.from({ length: rows }, (_, row) => row);
  writeFileSync(weights, Buffer.concat([head, Buffer.from(`${header}\n`), ...all.map(vectorBytes)]));
  const lines = all.map((index) =>
    JSON.stringify({ index, activations: examples(index), explanations: explanations(index) }),
  );
  writeFileSync(activations, `${lines.join('\n')}\n`);
  return {
    rows,
    weights,
    activations,
    vectorOf: (row) => vectorBytes(row).toString('hex'),
    examplesOf: (row) => examples(row).map(({ tokens, values }) => JSON.stringify([tokens, values])),
    explanationsOf: (row) => explanations(row).map(({ text }) => text),
  };
}
