import { queryStore } from '../sandbox/query-store.ts';

const tables: Readonly<Record<string, string>> = {
  feature: `SELECT model_id, source, iif(label IS NULL, idx, 'any') AS idx, owner, visibility, f.kind, hook_name, label,
    width, strength, hex(vector) AS vector, details, c.json AS common FROM features f LEFT JOIN common c ON c.id = common_id`,
  activation: `SELECT f.source, iif(f.label IS NULL, f.idx, f.label) AS of, tokens, "values", bin_min, bin_max,
    bin_contains FROM activations a JOIN features f ON f.id = a.feature_id`,
  explanation: `SELECT f.source, iif(f.label IS NULL, f.idx, f.label) AS of, text, method_name, model_name, author
    FROM explanations e JOIN features f ON f.id = e.feature_id`,
  score: `SELECT e.text, s.type_name, s.model_name, s.value FROM explanation_scores s
    JOIN explanations e ON e.id = s.explanation_id`,
  listed: `SELECT l.name, f.source, iif(f.label IS NULL, f.idx, f.label) AS of FROM list_features
    JOIN lists l ON l.id = list_id JOIN features f ON f.id = feature_id`,
  list: 'SELECT name, description, owner FROM lists',
  set: 'SELECT model_id, name, owner, description, url FROM source_sets',
  model: 'SELECT id, layers, owner FROM models',
  used: 'SELECT user_id, sum(count) AS rows FROM usage GROUP BY user_id',
};

/**
 * Returns all that a store holds, one line per row, without what differs from run to run (ids, times, a vector's random
 * index). What is stored twice is returned twice.
 */
export function holdings(data: string): string[] {
  return Object.entries(tables)
    .flatMap(([name, sql]) => queryStore(data, sql).map((row) => `${name} ${JSON.stringify(row)}`))
    .sort();
}

/** Returns the lines that `held` has too often or too seldom, and by how many. */
export function differences(held: readonly string[], expected: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const line of held) counts.set(line, (counts.get(line) ?? 0) + 1);
  for (const line of expected) counts.set(line, (counts.get(line) ?? 0) - 1);
  return [...counts]
    .filter(([, count]) => count !== 0)
    .map(([line, count]) => `${count > 0 ? `${count} too many` : `${-count} missing`}: ${line.slice(0, 160)}`);
}
