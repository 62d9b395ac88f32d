import { newSet } from '../attributes.ts';
import type { Delivery } from '../delivery.ts';
import { type Preview, previewJob } from '../preview-job.ts';
import type { JobReport, SendLimits, UploadRun } from '../run.ts';
import { runJob } from '../run-job.ts';
import type { PreparedSae } from './sae.ts';

/** What sending a prepared SAE would do; nothing is written. Errors: those of `previewJob`. */
export function previewSae(
  prepared: PreparedSae,
  run: Pick<UploadRun, 'server' | 'stateDir' | 'onEvent'> & { readonly trustJournal?: boolean },
): Promise<Preview> {
  const { identity, matrix, planned, delivery, isNewSet: isNew } = prepared;
  return previewJob({ ...run, identity, matrix, planned, delivery, isNew });
}

/** Sends a prepared SAE, or what an earlier run of the same job left. Errors: those of `runJob`. */
export async function sendSae(prepared: PreparedSae, limits: SendLimits, run: UploadRun): Promise<JobReport> {
  const { identity, matrix, planned, quarantined, blocks, fields, delivery, model, place } = prepared;
  const { isNewModel, isNewSet, attributes } = prepared;
  if (isNewModel) await run.server.createModel(model.id, model.layers);
  if (isNewSet) await run.server.createSourceSet(model.id, place.saeId, newSet(attributes));
  const title = `${model.id}/${place.source}${identity.request ? ` (${identity.request})` : ''}`;
  const job = { title, identity, matrix, planned, quarantined, blocks, fields, isNew: isNewSet };
  return runJob({ ...run, ...job, delivery: limited(delivery, limits) });
}

function limited(delivery: Delivery, { rows, bytes, inFlight }: SendLimits): Delivery {
  return {
    ...delivery,
    maxRows: Math.min(delivery.maxRows, rows ?? Number.POSITIVE_INFINITY),
    maxBytes: Math.min(delivery.maxBytes, bytes ?? Number.POSITIVE_INFINITY),
    maxInFlight: Math.min(delivery.maxInFlight, inFlight ?? Number.POSITIVE_INFINITY),
  };
}
