import { circuitTracer } from './circuit-tracer.ts';
import { crosscoderForks } from './crosscoder-forks.ts';
import { crosscoderNanda } from './crosscoder-nanda.ts';
import { dictionaryLearning } from './dictionary-learning.ts';
import { gemmaScope } from './gemma-scope.ts';
import { gemmaScope2 } from './gemma-scope-2.ts';
import type { Layout } from './layout.ts';
import { manyPlaces } from './many-places.ts';
import { llamaScope, openMoss } from './openmoss.ts';
import { saelens } from './saelens.ts';
import { hookZ, qwenScope, temporal } from './single-publications.ts';
import { sparsify } from './sparsify.ts';

/** All layouts, the more specific before the more general. If file names fit several, the tensors decide. */
export const layouts: readonly Layout[] = [
  saelens,
  openMoss,
  llamaScope,
  gemmaScope,
  gemmaScope2,
  sparsify,
  crosscoderForks,
  crosscoderNanda,
  dictionaryLearning,
  circuitTracer,
  qwenScope,
  temporal,
  hookZ,
  manyPlaces,
];
