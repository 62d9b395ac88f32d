import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { expect } from 'vitest';
import { type Dashboard, dashboardFields } from '../../src/dashboards/dashboard.ts';
import { openDashboards } from '../../src/dashboards/open.ts';
import { factFields } from '../../src/feature-data/facts.ts';
import { openFeatureData } from '../../src/feature-data/open.ts';
import { rowNumbers } from '../../src/tensor/indices.ts';
import { eachRow } from '../../src/tensor/ranges.ts';
import { fixture } from '../fixtures.ts';
import { damage, damaged } from './damage.ts';
import { isPolluted, jsonLies, withLies } from './json-lies.ts';
import { keepsPromise } from './promise.ts';
import { type Property, property } from './property.ts';

const place = { model: 'm', layer: 1, isModel: (name: string) => name === 'm' };
const example = { tokens: [' a', 'b'], values: [0.5, 0] };
const line = {
  index: 1,
  modelId: 'm',
  layer: 1,
  density: 0.25,
  activations: [{ ...example, quantileMin: 0, quantileMax: 1, quantileFraction: 0.5 }],
  topLogits: [{ token: 'x', value: 1 }],
  bottomLogits: [{ token: 'y', value: -1 }],
  explanations: [{ text: 'why', methodName: 'hand' }],
};
const alone = { index: '3', ...example };
const batch = {
  model_id: 'm',
  layer: 1,
  features: [
    { feature_index: 0, frac_nonzero: 0.1, activations: [{ ...example, bin_min: 0, bin_max: 1, bin_contains: 0.5 }] },
    { feature_index: 1, pos_str: ['x'], pos_values: [1], neg_str: ['y'], neg_values: [-1], activations: [example] },
  ],
};

/** Whether JSON of a value has a null anywhere. */
function holdsNull(value: unknown): boolean {
  let holds = false;
  JSON.parse(JSON.stringify(value), (_, part) => {
    holds ||= part === null;
    return part;
  });
  return holds;
}

/** Reads every feature's dashboard. What is uploaded of it must be JSON without null. */
async function readDashboards(path: string): Promise<Map<number, Dashboard>> {
  const source = await openDashboards(path, place);
  try {
    const all = new Map<number, Dashboard>();
    for (const index of eachRow(source.features)) {
      const dashboard = (await source.read(index)) as Dashboard;
      const sent = JSON.parse(`{${dashboardFields(dashboard)}}`) as Dashboard;
      expect(holdsNull(sent)).toBe(false);
      for (const { tokens, values } of sent.activations) expect(values.length).toBe(tokens.length);
      expect(sent.density ?? 0).toBeGreaterThanOrEqual(0);
      expect(sent.density ?? 0).toBeLessThanOrEqual(1);
      all.set(index, dashboard);
    }
    return all;
  } finally {
    await source.close();
  }
}

const set = { rows: 16, indices: rowNumbers(16), placeFault: () => undefined };
const facts = {
  index: 2,
  name: 'n',
  description: 'd',
  sparsity: 0.5,
  max_activation: 3,
  dead: false,
  modelId: 'm',
  metadata: { l0: 20, own: { a: [1] } },
};

/** Reads the facts of every row. A density must be between 0 and 1, and nothing outside the metadata may be null. */
async function readFacts(path: string): Promise<void> {
  const data = await openFeatureData(path, set, 'linear');
  try {
    for (let row = 0; row < set.rows; row++) {
      const said = await data.read(row);
      if (!said) continue;
      const text = factFields(said);
      JSON.parse(`{${text}}`);
      const { density = 0 } = said;
      expect(density >= 0 && density <= 1, text).toBe(true);
      expect(holdsNull({ ...said, metadata: undefined })).toBe(false);
    }
  } finally {
    await data.close();
  }
}

const columns = [
  'facts.arrow',
  'facts_zstd.arrow',
  'facts_polars.arrow',
  'facts_views.arrow',
  'facts.npz',
  'facts.safetensors',
  'facts.jsonl',
  'facts.json',
];

export const recordProperties: readonly Property[] = [
  property(
    'activations',
    'any JSON anywhere in a line is refused or understood',
    150,
    fc.tuple(fc.constantFrom(line, alone), jsonLies),
    async ([lied, lies], { folder }) => {
      const path = join(folder, 'activations.jsonl');
      const text = [
        JSON.stringify({ ...line, index: 0 }),
        withLies(lied, lies),
        JSON.stringify({ ...alone, index: 7 }),
      ].join('\n');
      writeFileSync(path, text);
      const found = await keepsPromise({ path, bytes: text.length }, () => readDashboards(path));
      if (found !== 'refused') expect(found.get(0)?.activations).toEqual(line.activations);
      expect(isPolluted()).toBe(false);
    },
  ),
  property('activations', 'a damaged file is refused or understood', 100, damage, async (edits, { folder }) => {
    const path = join(folder, 'damaged.jsonl');
    const whole = [line, { ...line, index: 5 }, alone].map((one) => JSON.stringify(one)).join('\n');
    const bytes = damaged(Buffer.from(whole), edits);
    writeFileSync(path, bytes);
    await keepsPromise({ path, bytes: bytes.length }, () => readDashboards(path));
  }),
  property(
    'SAEDashboard',
    'any JSON anywhere in a batch is refused or understood',
    150,
    jsonLies,
    async (lies, { folder }) => {
      const text = withLies(batch, lies);
      writeFileSync(join(folder, 'batch-0.json'), text);
      await keepsPromise({ path: folder, bytes: text.length }, () => readDashboards(folder));
      expect(isPolluted()).toBe(false);
    },
  ),
  property(
    'feature metadata',
    'any JSON anywhere in a line is refused or understood',
    150,
    jsonLies,
    async (lies, { folder }) => {
      const path = join(folder, 'facts.jsonl');
      const text = [JSON.stringify({ ...facts, index: 0 }), withLies(facts, lies)].join('\n');
      writeFileSync(path, text);
      await keepsPromise({ path, bytes: text.length }, () => readFacts(path));
      expect(isPolluted()).toBe(false);
    },
  ),
  property(
    'feature metadata',
    'a damaged file is refused or understood',
    200,
    fc.tuple(fc.constantFrom(...columns), damage),
    async ([name, edits], { folder }) => {
      const path = join(folder, basename(name));
      const bytes = damaged(readFileSync(fixture('feature-data', name)), edits);
      writeFileSync(path, bytes);
      await keepsPromise({ path, bytes: bytes.length }, () => readFacts(path));
    },
  ),
];
