// Most figures are ratios of two measurements taken in turns in one run, because only ratios mean something elsewhere.
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { formats } from './formats.ts';
import { growth } from './growth.ts';
import { trainedValues } from './material.ts';
import { memory } from './memory.ts';
import { pipeline } from './pipeline.ts';
import { printing } from './printing.ts';
import { publicServer } from './public-server.ts';
import { startUp } from './start-up.ts';
import type { Bench, Line } from './table.ts';
import { printTable } from './table.ts';
import { whole } from './whole.ts';

const benches: Readonly<Record<string, (bench: Bench) => Promise<readonly Line[]>>> = {
  printing,
  whole,
  pipeline,
  formats,
  memory,
  growth,
  'start-up': startUp,
  public: publicServer,
};

const { values: flags, positionals: named } = parseArgs({
  options: {
    repeats: { type: 'string', default: '5' },
    large: { type: 'boolean', default: false },
    figure: { type: 'string' },
  },
  allowPositionals: true,
});
const folder = mkdtempSync(join(tmpdir(), 'neuronpedia-bench-'));
try {
  const bench: Bench = {
    folder,
    values: await trainedValues(),
    repeats: Number(flags.repeats),
    large: flags.large,
    figure: flags.figure,
    python: process.env.PYTHON,
  };
  const [cpu] = cpus();
  console.log(
    `${cpus().length} × ${cpu?.model}, Node ${process.versions.node}, ${bench.repeats} repeats in turns, medians`,
  );
  const lines: Line[] = [];
  for (const name of named.length > 0 ? named : Object.keys(benches)) {
    console.error(`${name}…`);
    const measure = benches[name];
    if (!measure) throw new Error(`no bench ${name}; there are ${Object.keys(benches).join(', ')}`);
    const found = await measure(bench);
    printTable(found);
    lines.push(...found);
  }
  if (named.length !== 1) printTable(lines);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
