import type { Route } from '../route.ts';
import type { Upstream } from '../steering/upstream.ts';
import { refreshUser, uploadLimits } from './account-routes.ts';
import { tryActivation, uploadActivations } from './activations.ts';
import { generateExplanation, scoreExplanation } from './explanations.ts';
import { getFeature, getFeatures } from './features.ts';
import { addFeatures, createList, createListWithFeatures, listLists } from './lists.ts';
import { createModel, getModel, listModels } from './models.ts';
import { createSourceSet, getSourceSet } from './source-sets.ts';
import { steerChat, steerCompletion } from './steer.ts';
import { uploadBatch } from './upload-batch.ts';
import { createVector, deleteVector, getVector, listOwnedVectors } from './vectors.ts';

const ROUTES: readonly Route[] = [
  { method: 'GET', path: '/api/upload/limits', handle: uploadLimits },
  { method: 'POST', path: '/api/user/refresh', handle: refreshUser },
  { method: 'POST', path: '/api/model/get', handle: getModel },
  { method: 'POST', path: '/api/model/list', handle: listModels },
  { method: 'POST', path: '/api/model/new', handle: createModel },
  { method: 'POST', path: '/api/source-set/new', handle: createSourceSet },
  { method: 'GET', path: '/api/source-set/:model/:name', handle: getSourceSet },
  { method: 'POST', path: '/api/feature/upload-batch', handle: uploadBatch },
  { method: 'POST', path: '/api/features', handle: getFeatures },
  { method: 'GET', path: '/api/feature/:model/:source/:index', handle: getFeature },
  { method: 'POST', path: '/api/vector/new', handle: createVector },
  { method: 'POST', path: '/api/vector/get', handle: getVector },
  { method: 'POST', path: '/api/vector/list-owned', handle: listOwnedVectors },
  { method: 'POST', path: '/api/vector/delete', handle: deleteVector },
  { method: 'POST', path: '/api/activation/upload-batch', handle: uploadActivations },
  { method: 'POST', path: '/api/activation/new', handle: tryActivation },
  { method: 'POST', path: '/api/explanation/generate', handle: generateExplanation },
  { method: 'POST', path: '/api/explanation/score', handle: scoreExplanation },
  { method: 'POST', path: '/api/list/list', handle: listLists },
  { method: 'POST', path: '/api/list/new', handle: createList },
  { method: 'POST', path: '/api/list/new-with-features', handle: createListWithFeatures },
  { method: 'POST', path: '/api/list/add-features', handle: addFeatures },
];

/** Returns the endpoints of the upload protocol; `upstream` is the model behind them. To add one, add a line to ROUTES. */
export function protocolRoutes(upstream: Upstream): readonly Route[] {
  return [
    ...ROUTES,
    { method: 'POST', path: '/api/steer', handle: (call) => steerCompletion(call, upstream) },
    { method: 'POST', path: '/api/steer-chat', handle: (call) => steerChat(call, upstream) },
  ];
}
