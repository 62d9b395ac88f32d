import { setTimeout as sleep } from 'node:timers/promises';
import { newSet } from '../attributes.ts';
import type { Delivery } from '../delivery.ts';
import { type Preview, previewJob } from '../preview-job.ts';
import type { JobReport, Looking, SendLimits, UploadRun } from '../run.ts';
import { runJob } from '../run-job.ts';
import { nameShard, type Shard } from '../shard.ts';
import type { PreparedSae } from './prepared-sae.ts';
import { refuseOthersSet } from './sae-features.ts';

/** Returns what sending a prepared SAE would do; writes nothing. Errors: those of `previewJob`. */
export function previewSae(prepared: PreparedSae, run: Looking): Promise<Preview> {
  const { identity, matrix, planned, blocks, fields, delivery, isNewSet: isNew } = prepared;
  return previewJob({ ...run, identity, matrix, planned, blocks, fields, delivery, isNew });
}

/** Sends a prepared SAE, or what an earlier run of the same job left over. Errors: not_owner, and those of `runJob`. */
export async function sendSae(prepared: PreparedSae, limits: SendLimits, run: UploadRun): Promise<JobReport> {
  const { identity, matrix, planned, quarantined, blocks, fields, delivery, model, place, source, as, shard } =
    prepared;
  const { requireUnchanged } = prepared;
  const isNew = planned.length > 0 && (await makePlace(prepared, run));
  const of = as === 'vectors' && `vectors of ${place.source}`;
  const parts = [of, identity.request, shard && nameShard(shard)].filter(Boolean).join(', ');
  const title = `${model.id}/${source}${parts ? ` (${parts})` : ''}`;
  const job = { title, identity, matrix, planned, quarantined, blocks, fields, isNew, requireUnchanged };
  return runJob({ ...run, ...job, delivery: limited(delivery, limits) });
}

/** Creates the model and source set if the server lacks them. Returns whether nothing can be there yet. */
async function makePlace({ model, place, attributes, shard, ...prepared }: PreparedSae, run: UploadRun) {
  const { server, stop } = run;
  if ((prepared.isNewModel || prepared.isNewSet) && shard) await waitTurn(shard, stop);
  if (prepared.isNewModel) await server.createModel(model.id, model.layers);
  if (!prepared.isNewSet) return false;
  const set = await server.createSourceSet(model.id, place.saeId, newSet(attributes));
  refuseOthersSet(set, server, model.id, place.saeId);
  return set.isNew;
}

/**
 * Delays all shards but the first by a random moment. Shards begin together, and the public server counts every attempt to
 * create a source set, ten an hour: the first shard creates it, and the others find it.
 */
async function waitTurn({ part }: Shard, signal: AbortSignal): Promise<void> {
  if (part > 1) await sleep(300 + 1000 * Math.random(), undefined, { signal }).catch(() => undefined);
}

/** Returns a delivery that stays within the ceilings that a person has set. */
export function limited(delivery: Delivery, { rows, bytes, inFlight }: SendLimits): Delivery {
  return {
    ...delivery,
    maxRows: Math.min(delivery.maxRows, rows ?? Number.POSITIVE_INFINITY),
    maxBytes: Math.min(delivery.maxBytes, bytes ?? Number.POSITIVE_INFINITY),
    maxInFlight: Math.min(delivery.maxInFlight, inFlight ?? Number.POSITIVE_INFINITY),
  };
}
