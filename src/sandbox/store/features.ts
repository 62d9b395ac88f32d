import { createHash } from 'node:crypto';
import { type StoredVector, vectorBytes, vectorFromBytes } from '../float32.ts';
import type { Database } from './driver.ts';

/** Who may see a row: everybody, or only its owner. */
export type Visibility = 'public' | 'private';

/** Data of a row that has no column of its own. The routes decide what it contains; it is stored as JSON. */
export type Details = Record<string, unknown>;

/** A row to be stored: an SAE feature, a steering vector or a probe. */
export interface NewFeature {
  modelId: string;
  source: string;
  index: number;
  owner: string;
  visibility: Visibility;
  kind: string;
  createdAt: string;
  vectorHash: string | null;
  /** Hash of everything that was uploaded for this row: equal hashes mean the same content. */
  contentHash: string;
  hookName: string | null;
  label: string | null;
  strength: number;
  maxActivation: number;
  details: Details;
  /** What all rows of the batch share; stored once. */
  common: Details | null;
  vector: StoredVector | null;
}

/** A stored row without its vector. */
export type FeatureRow = Omit<NewFeature, 'vector' | 'details' | 'common'> & {
  id: number;
  /** Length of the vector; null without one. */
  width: number | null;
  /** JSON of `Details`. */
  details: string;
  /** JSON of `Details`, or null. */
  common: string | null;
};

/** SAE features, vectors and probes: (model, source, index) is unique. */
export interface FeatureStore {
  find(modelId: string, source: string, index: number): FeatureRow | undefined;
  byId(id: number): FeatureRow | undefined;
  /** The content hash of a row; undefined when there is no such row. */
  contentHash(modelId: string, source: string, index: number): string | undefined;
  /** The length of the vectors that a source holds; undefined when it holds none. */
  widthOf(modelId: string, source: string): number | undefined;
  vector(id: number): StoredVector | null;
  /** A user's vectors and probes, oldest first. */
  ownedVectors(owner: string): FeatureRow[];
  /** Stores a row and returns its id. */
  add(feature: NewFeature): number;
  /** Raises a row's maximum activation to this value, if it is lower. */
  raiseMaxActivation(id: number, value: number): void;
  /** Deletes a row with its activations, explanations and scores, and removes it from all lists. */
  remove(id: number): void;
}

const COLUMNS = `SELECT f.id, model_id AS modelId, source, idx AS "index", owner, visibility, kind,
  created_at AS createdAt, vector_hash AS vectorHash, content_hash AS contentHash, width, hook_name AS hookName, label,
  strength, max_activation AS maxActivation, details, common.json AS common
  FROM features f LEFT JOIN common ON common.id = common_id`;
const KEY = 'WHERE model_id = ? AND source = ? AND idx = ?';

function readers(db: Database): Omit<FeatureStore, 'add' | 'raiseMaxActivation' | 'remove'> {
  const find = db.prepare(`${COLUMNS} ${KEY}`);
  const byId = db.prepare(`${COLUMNS} WHERE f.id = ?`);
  const hash = db.prepare(`SELECT content_hash FROM features ${KEY}`);
  const width = db.prepare(
    'SELECT width FROM features WHERE model_id = ? AND source = ? AND width IS NOT NULL LIMIT 1',
  );
  const vector = db.prepare('SELECT vector, width FROM features WHERE id = ?');
  const owned = db.prepare(`${COLUMNS} WHERE owner = ? AND kind IN ('vector', 'probe') ORDER BY f.id`);
  return {
    find: (modelId, source, index) => find.get([modelId, source, index]) as FeatureRow | undefined,
    byId: (id) => byId.get([id]) as FeatureRow | undefined,
    contentHash: (modelId, source, index) => hash.get([modelId, source, index])?.content_hash as string | undefined,
    widthOf: (modelId, source) => width.get([modelId, source])?.width as number | undefined,
    vector: (id) => {
      const row = vector.get([id]);
      return row?.vector == null ? null : vectorFromBytes(row.vector as Uint8Array, Number(row.width));
    },
    ownedVectors: (owner) => owned.all([owner]) as unknown as FeatureRow[],
  };
}

function commonIds(db: Database): (common: Details | null) => number | null {
  const add = db.prepare('INSERT INTO common(hash, json) VALUES (?, ?) ON CONFLICT DO NOTHING');
  const find = db.prepare('SELECT id FROM common WHERE hash = ?');
  return (common) => {
    if (common === null) return null;
    const json = JSON.stringify(common);
    const hash = createHash('sha256').update(json).digest('hex');
    add.run([hash, json]);
    return Number(find.get([hash])?.id);
  };
}

/** The tables `features` and `common`. */
export function featureStore(db: Database): FeatureStore {
  const idOf = commonIds(db);
  const add = db.prepare(`INSERT INTO features(model_id, source, idx, owner, visibility, kind, created_at, vector_hash,
    content_hash, width, hook_name, label, strength, max_activation, common_id, details, vector)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const raise = db.prepare('UPDATE features SET max_activation = max(max_activation, ?) WHERE id = ?');
  const remove = db.prepare('DELETE FROM features WHERE id = ?');
  return {
    ...readers(db),
    add: (f) => {
      const { vector } = f;
      const row = [f.modelId, f.source, f.index, f.owner, f.visibility, f.kind, f.createdAt, f.vectorHash];
      const more = [f.contentHash, vector?.length ?? null, f.hookName, f.label, f.strength, f.maxActivation];
      const rest = [idOf(f.common), JSON.stringify(f.details), vector === null ? null : vectorBytes(vector)];
      return Number(add.run([...row, ...more, ...rest]).lastInsertRowid);
    },
    raiseMaxActivation: (id, value) => void raise.run([value, id]),
    remove: (id) => void remove.run([id]),
  };
}
