import type { Route } from '../route.ts';
import { tryActivation, uploadActivations } from './activations.ts';
import { createExplanation, generateExplanation, scoreExplanation } from './autointerp.ts';
import { getFeature, getFeatures } from './features.ts';
import { addFeatures, createList, createListWithFeatures, listLists } from './lists.ts';
import { createModel, getModel, listModels } from './models.ts';
import { createSourceSet, getSourceSet } from './source-sets.ts';
import { steerChat, steerCompletion } from './steer.ts';
import { uploadBatch } from './upload-batch.ts';
import { getSecret, listOwnedGraphs, refreshUser } from './users.ts';
import { createVector, deleteVector, getVector, listOwnedVectors } from './vectors.ts';
import type { Handler, World } from './world.ts';

const TABLE: readonly [Route['method'], string, Handler][] = [
  ['POST', '/api/user/refresh', refreshUser],
  ['POST', '/api/user/api-key', getSecret],
  ['POST', '/api/model/get', getModel],
  ['POST', '/api/model/list', listModels],
  ['POST', '/api/model/new', createModel],
  ['POST', '/api/source-set/new', createSourceSet],
  ['GET', '/api/source-set/:model/:name', getSourceSet],
  ['POST', '/api/feature/upload-batch', uploadBatch],
  ['POST', '/api/features', getFeatures],
  ['GET', '/api/feature/:model/:source/:index', getFeature],
  ['POST', '/api/activation/upload-batch', uploadActivations],
  ['POST', '/api/activation/new', tryActivation],
  ['POST', '/api/explanation/generate', generateExplanation],
  ['POST', '/api/explanation/score', scoreExplanation],
  ['POST', '/api/explanation/new', createExplanation],
  ['POST', '/api/vector/new', createVector],
  ['POST', '/api/vector/get', getVector],
  ['POST', '/api/vector/list-owned', listOwnedVectors],
  ['POST', '/api/vector/delete', deleteVector],
  ['POST', '/api/steer', steerCompletion],
  ['POST', '/api/steer-chat', steerChat],
  ['POST', '/api/list/list', listLists],
  ['POST', '/api/list/new', createList],
  ['POST', '/api/list/new-with-features', createListWithFeatures],
  ['POST', '/api/list/add-features', addFeatures],
  ['POST', '/api/graph/list-owned', listOwnedGraphs],
];

/** Returns the endpoints of the public server in this world. To add one, add a line to the table. */
export function publicRoutes(world: World): Route[] {
  return TABLE.map(([method, path, handle]) => ({ method, path, handle: (call) => handle(call, world) }));
}
