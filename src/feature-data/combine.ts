import { createHash } from 'node:crypto';
import { byKey } from './facts.ts';
import { type FeatureData, type FeatureFacts, firing } from './feature-data.ts';

/**
 * Combines the data that the user gave with data found beside the weights. If the given data says whether a feature fires,
 * the found data is ignored for that feature: two measurements would be mixed. Closing the result closes both.
 */
export async function combine(given: FeatureData, found: FeatureData): Promise<FeatureData> {
  const usesFound = (row: number) => given.firing[row] === firing.unknown;
  if (given.firing.every((state) => state !== firing.unknown)) {
    await found.close();
    return given;
  }
  return {
    path: `${given.path} and ${found.path}`,
    features: Math.max(given.features, found.features),
    fields: [...new Set([...given.fields, ...found.fields])].sort(byKey),
    notes: [...given.notes, ...found.notes],
    firing: given.firing.map((state, row) => (usesFound(row) ? (found.firing[row] as number) : state)),
    mostBytes: given.mostBytes + found.mostBytes,
    hash: createHash('sha256').update(given.hash).update(found.hash).digest('hex'),
    async read(row) {
      const own = await given.read(row);
      return usesFound(row) ? merge(own, await found.read(row)) : own;
    },
    async close() {
      await given.close();
      await found.close();
    },
  };
}

function merge(given: FeatureFacts | undefined, found: FeatureFacts | undefined): FeatureFacts | undefined {
  if (!given || !found) return given ?? found;
  const metadata = { ...found.metadata, ...given.metadata };
  return { ...found, ...given, ...(Object.keys(metadata).length > 0 && { metadata }) };
}
