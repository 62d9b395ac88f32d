import { checkFree, checkText } from './check-facts.ts';
import { type FeatureFacts, firing, type SparsityScale } from './feature-data.ts';
import { type FaultToMend, readSparsity, type UnknownScale } from './sparsity.ts';

/** Facts as they go to a server, and whether the feature fires. */
export interface ReadFacts {
  readonly facts: FeatureFacts;
  readonly state: number;
}

/** Facts, what is wrong with them, or nothing. */
export type FactsOrFault = ReadFacts | UnknownScale | FaultToMend | string | undefined;

/** What has been read of a record so far, value by value. */
export interface Sum {
  name?: string;
  description?: string;
  density?: number;
  /** A density that another quantity implies; used if no density is given. */
  impliedDensity?: number;
  dead?: boolean;
  readonly metadata: Map<string, unknown>;
}

/** Adds one value to a sum, or returns what is wrong with it. */
type Reader = (
  value: unknown,
  sum: Sum,
  scale: SparsityScale | undefined,
) => string | FaultToMend | UnknownScale | undefined;

const share =
  (take: (value: number, sum: Sum) => void): Reader =>
  (value, sum) => {
    if (typeof value !== 'number') return 'is not a number';
    if (!(value >= 0 && value <= 1)) {
      return `${value} is not a share of tokens (0 to 1)${value < 0 ? ': is it a logarithm?' : ''}`;
    }
    take(value, sum);
    return undefined;
  };

const density = share((value, sum) => {
  sum.density = value;
});

const otherDensity = share((value, sum) => {
  sum.density ??= value;
});

const frequency = share((value, sum) => {
  sum.impliedDensity = value;
  sum.metadata.set('frequency', value);
});

const text =
  (key: 'name' | 'description'): Reader =>
  (value, sum) => {
    if (value === '') return undefined;
    const fault = checkText(key, value);
    if (fault === undefined) sum[key] = value as string;
    return fault;
  };

const number =
  (key: string): Reader =>
  (value, sum) => {
    if (typeof value !== 'number' || !Number.isFinite(value)) return `${value} is not a finite number`;
    sum.metadata.set(key, value);
    return undefined;
  };

const dead: Reader = (value, sum) => {
  if (value !== true && value !== false && value !== 0 && value !== 1) return `${value} is neither true nor false`;
  sum.dead = Boolean(value);
  return undefined;
};

/** Reads a sparsity whose name says that it is a logarithm: no option changes that. */
const logarithm: Reader = (value, sum) => {
  const fault = readSparsity(value, sum, 'log10');
  return typeof fault === 'object' && 'text' in fault ? fault.text : fault;
};

/** Names with a meaning, also as other tools write them. Values under any other name are kept as they are. */
const readers = new Map<string, Reader>([
  ['name', text('name')],
  ['description', text('description')],
  ['density', density],
  ['frac_nonzero', otherDensity],
  ['feature_density', otherDensity],
  ['frequency', frequency],
  ['activation_frequency', frequency],
  ['sparsity', readSparsity],
  ['log_feature_sparsity', logarithm],
  ['max_activation', number('max_activation')],
  ['training_tokens', number('training_tokens')],
  ['l0', number('l0')],
  ['dead', dead],
]);

/** What belongs to dashboards and vectors, or says where a record belongs: none of it is metadata. */
const elsewhere = new Set(['index', 'modelId', 'vector', 'activations', 'tokens', 'values', 'topLogits']);
for (const name of ['bottomLogits', 'explanations']) elsewhere.add(name);

/** Whether a name has a meaning of its own. */
export function isKnownQuantity(name: string): boolean {
  return readers.has(name);
}

/** The order in which metadata is sent, so that the same facts are the same bytes, whatever file they came from. */
const firstKeys = [
  'name',
  'description',
  'density',
  'sparsity',
  'frequency',
  'layer',
  'max_activation',
  'training_tokens',
  'l0',
  'dead',
];

/**
 * Reads what a record says about a feature; null and undefined say nothing. Returns the facts, what is wrong with them, a
 * sparsity whose scale must be given, or undefined if the record says nothing.
 */
export function factsOf(record: Iterable<readonly [string, unknown]>, scale: SparsityScale | undefined): FactsOrFault {
  const sum: Sum = { metadata: new Map() };
  for (const [key, value] of record) {
    if (value === null || value === undefined || elsewhere.has(key)) continue;
    const read = readers.get(key);
    const fault = read ? read(value, sum, scale) : checkFree({ [key]: value });
    if (typeof fault === 'string') return `${key}: ${fault}`;
    if (fault) return 'text' in fault ? { ...fault, text: `${key}: ${fault.text}` } : fault;
    if (!read) sum.metadata.set(key, value);
  }
  if (sum.dead !== undefined) sum.metadata.set('dead', sum.dead);
  const facts = toFacts(sum);
  return Object.keys(facts).length > 0 ? { facts, state: stateOf(sum) } : undefined;
}

function toFacts({ name, description, density, impliedDensity, metadata }: Sum): FeatureFacts {
  const share = density ?? impliedDensity;
  return {
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(share !== undefined && { density: share }),
    ...(metadata.size > 0 && { metadata: Object.fromEntries([...metadata].sort(([a], [b]) => byKey(a, b))) }),
  };
}

/** Compares keys: known ones come first, the others by name. */
export function byKey(a: string, b: string): number {
  const [first, second] = [firstKeys.indexOf(a), firstKeys.indexOf(b)];
  if (first >= 0 && second >= 0) return first - second;
  if (first >= 0 || second >= 0) return first >= 0 ? -1 : 1;
  return a < b ? -1 : 1;
}

function stateOf({ dead: isDead, density, impliedDensity }: Sum): number {
  const share = density ?? impliedDensity;
  if (isDead === undefined && share === undefined) return firing.unknown;
  return isDead || share === 0 ? firing.dead : firing.alive;
}

/** Returns a feature's facts, except its density, as an upload sends them, without the braces around them. */
export function factFields({ name, description, metadata }: FeatureFacts): string {
  return JSON.stringify({ name, description, metadata }).slice(1, -1);
}
