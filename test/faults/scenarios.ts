import type { Material } from '../soak/material.ts';
import { model } from '../soak/material.ts';
import type { RequestKind } from './request-kinds.ts';

/** What a command line is built from. */
export interface Place {
  readonly material: Material;
  /** A JSON file with one direction, and texts on which it was measured. */
  readonly vector: string;
  readonly texts: string;
  readonly receipt: string;
  /** `model/source/index` of the first vector that the store holds. */
  readonly vectorId: () => string;
  /** The first job of the state folder. */
  readonly job: () => string;
}

type Command = (place: Place) => readonly string[];

/** A command whose requests are disturbed, one by one. */
export interface Scenario {
  readonly name: string;
  readonly isPublic: boolean;
  /** Commands that are run before it, undisturbed. */
  readonly before: readonly Command[];
  /** Whether the state folder is wiped after those. */
  readonly wiped?: boolean;
  readonly command: Command;
  readonly key: string;
  readonly stdin?: string;
  /** The exit codes with which it may end when it is not disturbed. */
  readonly codes: readonly number[];
  /** Kinds of request that are disturbed here: this many of each are hit one at a time, and then all of the kind. */
  readonly about: Partial<Record<RequestKind, number>>;
  /** Rows of the material that the store holds in the end, for the oracle. */
  readonly rows?: { readonly as: 'features' | 'vectors'; readonly count: number };
}

const rows = { features: 6, vectors: 3 } as const;
const place = ['--model', model, '--layer', '1', '--hook', 'resid-post', '--orientation', 'rows', '--sae-id', 'bench'];

const sae =
  (...more: string[]): Command =>
  ({ material, receipt }) => [
    ...['upload-sae', material.weights, ...(more.includes('--model') ? place.slice(2) : place), '--receipt', receipt],
    ...['--concurrency', '1', ...more],
  ];
const features =
  (...more: string[]): Command =>
  (at) =>
    sae(
      '--activations',
      at.material.activations,
      '--features',
      `0-${rows.features - 1}`,
      '--batch-size',
      '2',
      ...more,
    )(at);
const vectors = (...more: string[]) => sae('--as', 'vectors', '--features', `0-${rows.vectors - 1}`, ...more);
const vector =
  (...more: string[]): Command =>
  (at) => [
    'upload-vector',
    at.vector,
    '--model',
    model,
    '--layer',
    '1',
    '--name',
    'one',
    '--activations',
    at.texts,
    ...more,
  ];
const listed = ['--list', 'Mine'];
const explained = ['--auto-interp', '--score', 'fuzz'];

const ofFeatures = { rows: { as: 'features', count: rows.features } } as const;
const ofVectors = { rows: { as: 'vectors', count: rows.vectors } } as const;
type Said = Partial<Scenario> & Pick<Scenario, 'name' | 'command' | 'about'>;
const usual = { before: [], key: 'sandbox-bulk', codes: [0] };
const protocol = (said: Said): Scenario => ({ ...usual, isPublic: false, ...said });
const publicly = (said: Said): Scenario => ({ ...usual, isPublic: true, ...said });
const both = (said: Said): Scenario[] => [protocol(said), publicly(said)];

const feature = `${model}/1-bench/0`;
const steer = (id: string, ...more: string[]) => ['steer', `${id}@-5`, '--prompt', 'And the king said', ...more];

const whoIsIt = { 'GET /api/upload/limits': 1, 'POST /api/user/refresh': 1 } as const;
const whereTo = { 'POST /api/model/get': 1, 'GET /api/source-set/*/*': 1, 'POST /api/source-set/new': 1 } as const;
const listing = { 'POST /api/list/list': 1, 'POST /api/list/new': 1, 'POST /api/list/add-features': 1 } as const;
const batches = { 'POST /api/feature/upload-batch': 2 } as const;
const ownVectors = { 'POST /api/vector/list-owned': 1 } as const;
const pages = { 'GET /api/feature/*/*/*': 1 } as const;
const lookUps = { 'POST /api/features': 1 } as const;
const deletions = { 'POST /api/features': 2, 'POST /api/vector/delete': 1 } as const;

/** Commands that together make every kind of request, on both kinds of server. */
export const scenarios: readonly Scenario[] = [
  protocol({
    ...{ name: 'features', command: features(...listed, ...explained, '--interp-limit', '2'), ...ofFeatures },
    about: {
      ...{ ...whoIsIt, ...whereTo, ...batches, ...listing },
      ...{ 'POST /api/explanation/generate': 2, 'POST /api/explanation/score': 1 },
    },
  }),
  publicly({
    ...{ name: 'features', command: features(...listed), ...ofFeatures },
    about: { ...whoIsIt, ...whereTo, ...batches, ...listing },
  }),
  protocol({
    ...{ name: 'features by day', command: features(), key: 'sandbox-free', ...ofFeatures },
    about: { 'GET /api/upload/limits': 2, ...batches },
  }),
  ...both({
    ...{ name: 'vectors', command: vectors(...listed), ...ofVectors },
    about: { ...ownVectors, 'POST /api/vector/new': 2, ...listing },
  }),
  protocol({
    ...{ name: 'a vector', command: vector(...listed, ...explained) },
    about: { ...ownVectors, 'POST /api/vector/new': 1, ...listing, 'POST /api/explanation/generate': 2 },
  }),
  publicly({
    ...{ name: 'a vector', command: vector(...listed) },
    about: { ...ownVectors, 'POST /api/vector/new': 1, ...pages, 'POST /api/activation/upload-batch': 1, ...listing },
  }),
  publicly({
    ...{ name: 'explaining that is refused', command: vector('--auto-interp'), codes: [6] },
    about: { 'POST /api/explanation/generate': 1 },
  }),
  ...both({
    ...{ name: 'a new model', command: features('--model', 'my-model', '--create-model', '2') },
    about: { 'POST /api/model/new': 1, 'POST /api/source-set/new': 1 },
  }),
  ...both({
    ...{ name: 'an unknown model', command: features('--model', 'tiny-kjv'), codes: [6] },
    about: { 'POST /api/model/list': 1 },
  }),
  ...both({ name: 'a finished upload', before: [features()], command: features(), ...ofFeatures, about: lookUps }),
  ...both({ name: 'finished vectors', before: [vectors()], command: vectors(), ...ofVectors, about: lookUps }),
  ...both({
    ...{ name: 'without a journal', before: [features('--features', '0-1')], wiped: true, command: features() },
    ...{ ...ofFeatures, about: { ...lookUps, ...batches } },
  }),
  ...both({
    ...{ name: 'vectors without a journal', before: [vectors()], wiped: true, command: vectors(), ...ofVectors },
    about: ownVectors,
  }),
  ...both({
    ...{ name: 'a list again', before: [vectors(...listed)], command: vectors(...listed), ...ofVectors },
    about: { 'POST /api/list/list': 1, 'GET /api/feature/*/*/*': 2 },
  }),
  ...both({
    ...{ name: 'delete a job', before: [features()], command: ({ job }) => ['delete', '--job', job(), '--yes'] },
    about: { ...whoIsIt, ...deletions, 'POST /api/vector/delete': 2 },
  }),
  ...both({
    ...{ name: 'delete a feature', before: [features()], command: () => ['delete', feature, '--yes'] },
    about: deletions,
  }),
  ...both({ name: 'status', command: () => ['status'], about: whoIsIt }),
  ...both({ name: 'a feature', before: [features()], command: () => ['status', feature], about: pages }),
  protocol({
    ...{ name: 'a test of a feature', before: [features()] },
    command: () => ['status', feature, '--text', 'And the king'],
    about: { ...pages, 'POST /api/activation/new': 1 },
  }),
  ...both({
    ...{ name: 'steering', before: [vectors()], command: ({ vectorId }) => steer(vectorId()) },
    about: { ...pages, 'POST /api/steer': 1 },
  }),
  protocol({
    ...{ name: 'steering in one piece', before: [vectors()] },
    command: ({ vectorId }) => steer(vectorId(), '--no-stream'),
    about: { 'POST /api/steer': 1 },
  }),
  protocol({
    ...{ name: 'a chat', before: [vectors()], command: ({ vectorId }) => steer(vectorId(), '--chat') },
    about: { 'POST /api/steer-chat': 1 },
  }),
  ...both({ name: 'login', command: () => ['login', '--with-token'], stdin: 'sandbox-bulk\n', about: whoIsIt }),
];
