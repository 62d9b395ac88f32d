-- A sandbox's store as version 2 of its tables had it, with at least one row in each.
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS models (
  id TEXT PRIMARY KEY, layers INTEGER NOT NULL, display_name TEXT NOT NULL, url TEXT,
  owner TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS source_sets (
  model_id TEXT NOT NULL, name TEXT NOT NULL, owner TEXT NOT NULL, description TEXT NOT NULL, url TEXT,
  created_at TEXT NOT NULL, PRIMARY KEY (model_id, name));
CREATE TABLE IF NOT EXISTS common (id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS features (
  id INTEGER PRIMARY KEY, model_id TEXT NOT NULL, source TEXT NOT NULL, idx INTEGER NOT NULL,
  owner TEXT NOT NULL, visibility TEXT NOT NULL, kind TEXT NOT NULL, created_at TEXT NOT NULL,
  vector_hash TEXT, content_hash TEXT NOT NULL, width INTEGER, hook_name TEXT, label TEXT, strength REAL NOT NULL,
  max_activation REAL NOT NULL, common_id INTEGER REFERENCES common(id), details TEXT NOT NULL, vector BLOB,
  UNIQUE (model_id, source, idx));
CREATE INDEX IF NOT EXISTS feature_width ON features(model_id, source, width) WHERE width IS NOT NULL;
CREATE INDEX IF NOT EXISTS owned_vectors ON features(owner, id) WHERE kind IN ('vector', 'probe');
CREATE TABLE IF NOT EXISTS activations (
  id INTEGER PRIMARY KEY, feature_id INTEGER NOT NULL REFERENCES features(id) ON DELETE CASCADE,
  tokens TEXT NOT NULL, "values" TEXT NOT NULL, bin_min REAL, bin_max REAL, bin_contains REAL, creator TEXT,
  created_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS activation_feature ON activations(feature_id);
CREATE TABLE IF NOT EXISTS explanations (
  id INTEGER PRIMARY KEY, feature_id INTEGER NOT NULL REFERENCES features(id) ON DELETE CASCADE,
  text TEXT NOT NULL, method_name TEXT, model_name TEXT, author TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS explanation_feature ON explanations(feature_id);
CREATE TABLE IF NOT EXISTS idempotency (
  id INTEGER PRIMARY KEY, user_id TEXT NOT NULL, key TEXT NOT NULL, body_hash TEXT NOT NULL,
  status INTEGER NOT NULL, answer TEXT NOT NULL, model_id TEXT NOT NULL, source TEXT NOT NULL,
  first_idx INTEGER NOT NULL, last_idx INTEGER NOT NULL, indices TEXT NOT NULL, created_at TEXT NOT NULL,
  UNIQUE (user_id, key));
CREATE INDEX IF NOT EXISTS idempotency_rows ON idempotency(model_id, source, first_idx, last_idx);
CREATE TABLE IF NOT EXISTS usage (
  user_id TEXT NOT NULL, day TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (user_id, day)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sources (
  id INTEGER PRIMARY KEY, model_id TEXT NOT NULL, source TEXT NOT NULL, set_name TEXT NOT NULL,
  created_at TEXT NOT NULL, UNIQUE (model_id, source));
CREATE TABLE IF NOT EXISTS lists (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT NOT NULL, test_text TEXT, owner TEXT NOT NULL,
  created_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS list_features (
  id INTEGER PRIMARY KEY, list_id TEXT NOT NULL REFERENCES lists(id) ON DELETE CASCADE,
  feature_id INTEGER NOT NULL REFERENCES features(id) ON DELETE CASCADE,
  description TEXT NOT NULL, user_id TEXT NOT NULL, added_at TEXT NOT NULL, UNIQUE (list_id, feature_id));
CREATE TABLE IF NOT EXISTS completions (
  id TEXT PRIMARY KEY, request_hash TEXT NOT NULL UNIQUE, text TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS windows (
  ip TEXT NOT NULL, endpoint TEXT NOT NULL, hour INTEGER NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (ip, endpoint, hour)) WITHOUT ROWID;

INSERT INTO meta VALUES ('version', '2'), ('serverId', 'the-old-server'), ('createdAt', '2026-11-21T08:00:00.000Z');
INSERT INTO models VALUES ('my-tiny', 4, 'My Tiny', NULL, 'user_bulk', '2026-11-21T08:01:00.000Z');
INSERT INTO source_sets VALUES ('gpt2-small', 'mine', 'user_bulk', 'D', 'https://example.com/p', '2026-11-21T08:02:00.000Z');
INSERT INTO common VALUES (1, 'hash of common', '{"license":"MIT","tags":["x"]}');
INSERT INTO features VALUES (1, 'gpt2-small', '6-mine', 3, 'user_bulk', 'public', 'sae', '2026-11-21T08:03:00.000Z',
  'hash of vector', 'hash of content', 2, 'blocks.6.attn.hook_z', NULL, 10, 2.5, 1, '{"name":"old","topLogits":[]}',
  x'0000803f000000c0');
INSERT INTO features VALUES (2, 'gpt2-small', '6-neuronpedia-resid-post', 90000001, 'user_bulk', 'public', 'vector',
  '2026-11-21T08:04:00.000Z', 'hash of another', 'its content', 1, 'blocks.6.hook_resid_post', 'old label', 7, 0, NULL,
  '{}', x'000000000000f03f');
INSERT INTO activations VALUES (1, 1, '[" a"," b"]', '[0,2.5]', NULL, NULL, NULL, NULL, '2026-11-21T08:03:00.000Z');
INSERT INTO explanations VALUES (1, 1, 'an old explanation', 'm', NULL, 'user_bulk', '2026-11-21T08:03:00.000Z');
INSERT INTO idempotency VALUES (1, 'user_bulk', 'k1', 'hash of a body', 200, '{"created":1}', 'gpt2-small', '6-mine', 3, 3,
  '[3]', '2026-11-21T08:03:00.000Z');
INSERT INTO usage VALUES ('user_bulk', '2026-11-21', 2);
INSERT INTO sources VALUES (1, 'gpt2-small', '6-neuronpedia-resid-post', 'neuronpedia-resid-post', '2026-11-21T08:04:00.000Z');
INSERT INTO lists VALUES ('cold', 'old list', 'd', NULL, 'user_bulk', '2026-11-21T08:05:00.000Z');
INSERT INTO list_features VALUES (1, 'cold', 1, 'y', 'user_bulk', '2026-11-21T08:05:00.000Z');
INSERT INTO completions VALUES ('cdone', 'hash of a request', ' text', '2026-11-21T08:06:00.000Z');
INSERT INTO windows VALUES ('127.0.0.1', '/api', 494000, 5);
