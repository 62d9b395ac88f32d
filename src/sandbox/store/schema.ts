/** Bumped when the tables change. A store of an unknown version is refused rather than misread. */
export const SCHEMA_VERSION = '3';

const SCORES = `
CREATE TABLE explanation_scores (
  id INTEGER PRIMARY KEY, explanation_id INTEGER NOT NULL REFERENCES explanations(id) ON DELETE CASCADE,
  type_name TEXT NOT NULL, model_name TEXT NOT NULL, value REAL NOT NULL, user_id TEXT NOT NULL,
  created_at TEXT NOT NULL, UNIQUE (explanation_id, type_name, model_name));
`;

/**
 * The SQL that upgrades a store of an older version to this one, keyed by the older version. It only adds tables, so that a
 * process of the older version that has the store open can keep writing to it.
 */
export const UPGRADES: Readonly<Record<string, string>> = { '2': SCORES };

// `features.vector` holds float32s or doubles: its length divided by `width` tells which. An activation's `creator` is the
// user who added it to an existing row; null if it was uploaded with a row. `sources` holds only the sources of vectors:
// those of source sets follow from the set.
// Vectors come last in their row, so that SQLite reads all other columns without touching the vector's pages.
// `common` holds what all rows of an SAE share (licence, tags, metadata of the whole SAE) once instead of in every row.
/** The SQL that makes all tables of this version in an empty store. */
export const SCHEMA = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE models (
  id TEXT PRIMARY KEY, layers INTEGER NOT NULL, display_name TEXT NOT NULL, url TEXT,
  owner TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE TABLE source_sets (
  model_id TEXT NOT NULL, name TEXT NOT NULL, owner TEXT NOT NULL, description TEXT NOT NULL, url TEXT,
  created_at TEXT NOT NULL, PRIMARY KEY (model_id, name));
CREATE TABLE common (id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, json TEXT NOT NULL);
CREATE TABLE features (
  id INTEGER PRIMARY KEY, model_id TEXT NOT NULL, source TEXT NOT NULL, idx INTEGER NOT NULL,
  owner TEXT NOT NULL, visibility TEXT NOT NULL, kind TEXT NOT NULL, created_at TEXT NOT NULL,
  vector_hash TEXT, content_hash TEXT NOT NULL, width INTEGER, hook_name TEXT, label TEXT, strength REAL NOT NULL,
  max_activation REAL NOT NULL, common_id INTEGER REFERENCES common(id), details TEXT NOT NULL, vector BLOB,
  UNIQUE (model_id, source, idx));
CREATE INDEX feature_width ON features(model_id, source, width) WHERE width IS NOT NULL;
CREATE INDEX owned_vectors ON features(owner, id) WHERE kind IN ('vector', 'probe');
CREATE TABLE activations (
  id INTEGER PRIMARY KEY, feature_id INTEGER NOT NULL REFERENCES features(id) ON DELETE CASCADE,
  tokens TEXT NOT NULL, "values" TEXT NOT NULL, bin_min REAL, bin_max REAL, bin_contains REAL, creator TEXT,
  created_at TEXT NOT NULL);
CREATE INDEX activation_feature ON activations(feature_id);
CREATE TABLE explanations (
  id INTEGER PRIMARY KEY, feature_id INTEGER NOT NULL REFERENCES features(id) ON DELETE CASCADE,
  text TEXT NOT NULL, method_name TEXT, model_name TEXT, author TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE INDEX explanation_feature ON explanations(feature_id);
CREATE TABLE idempotency (
  id INTEGER PRIMARY KEY, user_id TEXT NOT NULL, key TEXT NOT NULL, body_hash TEXT NOT NULL,
  status INTEGER NOT NULL, answer TEXT NOT NULL, model_id TEXT NOT NULL, source TEXT NOT NULL,
  first_idx INTEGER NOT NULL, last_idx INTEGER NOT NULL, indices TEXT NOT NULL, created_at TEXT NOT NULL,
  UNIQUE (user_id, key));
CREATE INDEX idempotency_rows ON idempotency(model_id, source, first_idx, last_idx);
CREATE TABLE usage (
  user_id TEXT NOT NULL, day TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (user_id, day)) WITHOUT ROWID;
CREATE TABLE sources (
  id INTEGER PRIMARY KEY, model_id TEXT NOT NULL, source TEXT NOT NULL, set_name TEXT NOT NULL,
  created_at TEXT NOT NULL, UNIQUE (model_id, source));
CREATE TABLE lists (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT NOT NULL, test_text TEXT, owner TEXT NOT NULL,
  created_at TEXT NOT NULL);
CREATE TABLE list_features (
  id INTEGER PRIMARY KEY, list_id TEXT NOT NULL REFERENCES lists(id) ON DELETE CASCADE,
  feature_id INTEGER NOT NULL REFERENCES features(id) ON DELETE CASCADE,
  description TEXT NOT NULL, user_id TEXT NOT NULL, added_at TEXT NOT NULL, UNIQUE (list_id, feature_id));
CREATE TABLE completions (
  id TEXT PRIMARY KEY, request_hash TEXT NOT NULL UNIQUE, text TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE TABLE windows (
  ip TEXT NOT NULL, endpoint TEXT NOT NULL, hour INTEGER NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (ip, endpoint, hour)) WITHOUT ROWID;
${SCORES}`;
