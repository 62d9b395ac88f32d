import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSandbox } from '../../src/sandbox/index.ts';
import { runHere } from '../cli/in-process.ts';
import { makeMaterial, model } from '../soak/material.ts';
import { whatIsWrong } from '../soak/oracle.ts';
import { type Fault, startFaultProxy } from '../upload/fault-proxy.ts';
import { takeClock } from './clock-here.ts';

/** An upload to a server that keeps failing some of its rows, or all of them. */
export interface Poison {
  readonly as: 'features' | 'vectors';
  readonly isPublic: boolean;
  /** Rows whose requests always end in a 500. */
  readonly rows: readonly number[];
  readonly concurrency: number;
}

export const rowsOf = { features: 24, vectors: 10 } as const;

/** Tells whether a body holds a row, by its index or by the label made from it. */
export function holdsRow(body: string, row: number): boolean {
  return body.includes(`{"index":${row},`) || body.includes(`#${row}"`);
}

/** An answer that does not say what is wrong, like those of the public server for bad rows. */
export const failing: Fault = {
  ...{ kind: 'answer', commit: false, status: 500, headers: {} },
  body: JSON.stringify({ error: 'Something went wrong on our end.' }),
};

const uploads = ['/api/feature/upload-batch', '/api/vector/new'];

/** Runs an upload twice, and once more with the fault gone; returns what is wrong in exit codes, store and receipt. */
export async function poisonedUpload({ as, isPublic, rows, concurrency }: Poison): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'np-poison-'));
  const [data, receipt] = [join(folder, 'data'), join(folder, 'receipt.jsonl')];
  const count = rowsOf[as];
  const material = makeMaterial(join(folder, 'material'), count);
  const clock = takeClock();
  const sandbox = await startSandbox({ dataDir: data, public: isPublic });
  let healed = false;
  const proxy = await startFaultProxy(sandbox.url, ({ path, body }) =>
    !healed && uploads.includes(path) && rows.some((row) => holdsRow(body, row)) ? failing : undefined,
  );
  const place = [
    '--model',
    model,
    '--layer',
    '1',
    '--hook',
    'resid-post',
    '--orientation',
    'rows',
    '--sae-id',
    'bench',
  ];
  const what = as === 'features' ? ['--activations', material.activations, '--batch-size', '8'] : ['--as', 'vectors'];
  const how = ['--receipt', receipt, '--concurrency', String(concurrency), '--api-url', proxy.url];
  const env = {
    HOME: folder,
    NEURONPEDIA_CONFIG_DIR: folder,
    NEURONPEDIA_STATE_DIR: folder,
    NEURONPEDIA_API_KEY: 'sandbox-bulk',
  };
  const upload = () => runHere(['upload-sae', material.weights, ...place, ...what, ...how], { env });
  const all = rows.length === count;
  const lacking = () =>
    whatIsWrong(data, { as, saeId: 'bench', rows: count, keepsVectors: !isPublic, material }).sort().join();
  try {
    const wrong: string[] = [];
    for (const run of ['first', 'second']) {
      const { code, stderr } = await upload();
      if (code !== (all ? 10 : 3)) wrong.push(`${run} run: exit ${code}: ${stderr.slice(-400)}`);
      if (all && stderr.includes('left out')) wrong.push(`${run} run: rows left out`);
      if (
        lacking() !==
        rows
          .map((row) => `row ${row}: missing`)
          .sort()
          .join()
      )
        wrong.push(`${run} run: ${lacking()}`);
      if (!all && leftOut(receipt).join() !== rows.join()) wrong.push(`${run} run: receipt leaves ${leftOut(receipt)}`);
    }
    healed = true;
    const { code, stderr } = await upload();
    if (code !== 0 || lacking() !== '') wrong.push(`healed: exit ${code}, ${lacking()}: ${stderr.slice(-400)}`);
    return wrong;
  } finally {
    await proxy.close();
    await sandbox.close();
    clock.close();
    rmSync(folder, { recursive: true });
  }
}

/** Returns the rows that a receipt does not call stored. */
export function leftOut(receipt: string): number[] {
  if (!existsSync(receipt)) return [];
  const [, ...lines] = readFileSync(receipt, 'utf8').trimEnd().split('\n');
  const said = lines.map((line) => JSON.parse(line) as { row: number; status: string });
  return said.filter(({ status }) => status !== 'stored').map(({ row }) => row);
}

/** If row 0 is bad too, these rows tell whether the server accepts anything: with 8 rows per batch, or with one. */
const second = [7, 1];

/** Picks one to four of `count` rows to poison. */
export function someRows(count: number, random: () => number): number[] {
  const picked = new Set(Array.from({ length: 1 + Math.floor(random() * 4) }, () => Math.floor(random() * count)));
  return [...picked].filter((row) => row === 0 || !picked.has(0) || !second.includes(row)).sort((a, b) => a - b);
}
