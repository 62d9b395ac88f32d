import type { Route } from '../route.ts';
import { refreshUser, uploadLimits } from './account-routes.ts';
import { getFeature, getFeatures } from './features.ts';
import { createModel, getModel, listModels } from './models.ts';
import { createSourceSet, getSourceSet } from './source-sets.ts';
import { uploadBatch } from './upload-batch.ts';
import { createVector, deleteVector, getVector, listOwnedVectors } from './vectors.ts';

/** The endpoints of a server with the upload protocol. */
export const ROUTES: readonly Route[] = [
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
];
