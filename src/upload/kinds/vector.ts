import { textFault } from '../../dashboards/check-dashboard.ts';
import { type Dashboard, dashboardFields } from '../../dashboards/dashboard.ts';
import { openDashboards } from '../../dashboards/open.ts';
import { AppError } from '../../errors.ts';
import type { Direction } from '../../layouts/direction.ts';
import { countRows } from '../../tensor/ranges.ts';
import { flatRow, inMemory, label, type Matrix } from '../../tensor/tensor.ts';
import { type Attributes, checkAttributes, notStored } from '../attributes.ts';
import { checkRows } from '../check-rows.ts';
import { checkLayer, findModel } from '../find-model.ts';
import type { ModelRecord, Server, VectorDestination } from '../server.ts';
import type { VectorHook } from '../vector-source.ts';
import { recordPlace } from './record-place.ts';
import { hashRows } from './row-hashes.ts';
import { wrongWidth } from './sae-matrix.ts';
import { refuseWithoutWidth, vectorFields } from './sae-vectors.ts';

/** What makes a direction a probe: the concept that it detects, and the bias of its decision. */
export interface ProbeFacts {
  readonly concept: string;
  readonly bias?: number;
}

export interface VectorOptions {
  readonly model: string;
  readonly layer: number;
  readonly hook: VectorHook;
  readonly name: string;
  readonly strength: number;
  readonly createModel?: number;
  /** A `.jsonl` of texts on which the vector was measured. */
  readonly activations?: string;
  readonly attributes?: Attributes;
  /** Absent for a steering vector. */
  readonly probe?: ProbeFacts;
}

/** A vector that has passed every check: ready to be sent. */
export interface PreparedVector {
  readonly kind: 'vector' | 'probe';
  readonly matrix: Matrix;
  readonly destination: VectorDestination;
  readonly name: string;
  readonly vectorHash: string;
  readonly modelLayers: number;
  readonly isNewModel: boolean;
  readonly blocks: ReadonlyMap<number, string>;
  /** Activations that go in a request of their own, once the vector has a name. */
  readonly later: Dashboard | undefined;
  /** Signs that the vector is not what a person takes it for. */
  readonly remarks: readonly string[];
  /** What was given but the server cannot store, by option name. */
  readonly notStored: Readonly<Record<string, unknown>>;
}

/** Checks a vector against the model that it is for. Errors: usage, all of exit code 6, and those of asking the server. */
export async function prepareVector(
  direction: Direction,
  options: VectorOptions,
  server: Server,
): Promise<PreparedVector> {
  const { name, layer, attributes = {}, probe } = options;
  checkAttributes(attributes, server);
  checkTexts(options);
  const { record: model, isNew: isNewModel } = await findModel(server, options.model, options.createModel);
  checkLayer(model, layer);
  refuseWithoutWidth(model, server);
  const matrix = flatRow({ ...direction.tensor, ...inMemory(direction.values) });
  if (model.dimension !== null && matrix.width !== model.dimension) {
    throw wrongWidth(label(direction.tensor), matrix.width, model.dimension, model.id, direction.tensor.shape, true);
  }
  const dashboard = await readDashboard(options, model.id);
  const { blocks } = await checkRows(matrix, [[0, 1]], () => undefined, { isOnly: true });
  const hashes = await hashRows(matrix, [[0, 1]]);
  const { storesAttributes } = server.capabilities;
  const kind = probe ? 'probe' : 'vector';
  const ofProbe = probe && { bias: null, ...probe };
  const marks = storesAttributes ? { kind, ...ofProbe, visibility: attributes.visibility ?? 'public' } : {};
  const own = vectorFields({ kind, ...probe }, attributes, server);
  const fields = [
    JSON.stringify(own).slice(1, -1),
    storesAttributes && dashboard ? dashboardFields(dashboard) : '',
  ].filter((text) => text !== '');
  const destination: VectorDestination = {
    modelId: model.id,
    layer,
    hookType: options.hook === 'resid-pre' ? 'hook_resid_pre' : 'hook_resid_post',
    strength: options.strength,
    fields: fields.join(','),
    marks,
    label: () => name,
    hashes,
  };
  return {
    ...{ kind, matrix, destination, name, vectorHash: hashes(0).exact, modelLayers: model.layers, isNewModel, blocks },
    remarks: [...(direction.doubts ?? []), ...rowRemarks(direction, model, layer, options.hook)],
    later: storesAttributes ? undefined : dashboard,
    notStored: storesAttributes
      ? {}
      : { ...notStored(attributes, server.capabilities), ...probe, ...dropped(dashboard) },
  };
}

/** Remarks on a row that does not match the layer: no check finds it, but with one row per layer it is probably a slip. */
function rowRemarks(
  { tensor, row }: Direction,
  { id, layers }: ModelRecord,
  layer: number,
  hook: VectorOptions['hook'],
): string[] {
  const [rows] = tensor.shape;
  if (row === undefined || layers === 0) return [];
  if (rows === layers && row !== layer) {
    return [
      `row ${row} of ${rows}, and ${id} has as many layers: if there is one row per layer, layer ${layer} is row ${layer}`,
    ];
  }
  const own = hook === 'resid-pre' ? layer : layer + 1;
  if (rows !== layers + 1 || row === own) return [];
  return [
    `row ${row} of ${rows}, one more than ${id} has layers: if these are hidden states, ${hook} of layer ${layer} is row ${own}`,
  ];
}

/** Returns what is lost of a vector's dashboard on a server that takes only its activations. */
function dropped(dashboard: Dashboard | undefined): Record<string, unknown> {
  const { activations: _kept, ...rest } = dashboard ?? { activations: [] };
  return rest;
}

/** Refuses a name or concept that the server would refuse or change. Error: usage. */
function checkTexts({ name, probe }: VectorOptions): void {
  for (const [option, text] of Object.entries({ name, ...(probe && { concept: probe.concept }) })) {
    const fault = textFault(text);
    if (fault !== undefined) throw new AppError('usage', `--${option} ${JSON.stringify(text)}: ${fault}`);
  }
}

/** Reads the one record of activations that belongs to a vector. Error: layout_unknown unless the file is of one feature. */
async function readDashboard({ activations, layer }: VectorOptions, model: string): Promise<Dashboard | undefined> {
  if (activations === undefined) return undefined;
  const source = await openDashboards(activations, { ...recordPlace(model, layer), onlyIndex: 0 });
  try {
    const [first] = source.features;
    if (first && countRows(source.features) === 1) return await source.read(first[0]);
    throw new AppError(
      'layout_unknown',
      `${activations}: holds activations of ${countRows(source.features)} features; a vector has one`,
    );
  } finally {
    await source.close();
  }
}
