import { createHash } from 'node:crypto';
import { dashboardFields } from '../../dashboards/dashboard.ts';
import type { JobIdentity, JobReport, UploadRun } from '../run.ts';
import { runJob } from '../run-job.ts';
import type { PreparedVector } from './vector.ts';

/**
 * Sends a prepared vector, or finds that an earlier run of the same request did; then its activations, where the server
 * takes them in a request of their own. Errors: those of `runJob`.
 */
export async function sendVector(prepared: PreparedVector, run: UploadRun): Promise<JobReport> {
  const { kind, matrix, destination, name, vectorHash, blocks } = prepared;
  const { modelId, layer, hookType, strength, fields } = destination;
  if (prepared.isNewModel) await run.server.createModel(modelId, prepared.modelLayers);
  const request = digestOf([modelId, layer, hookType, strength, name, vectorHash, fields]);
  const report = await runJob({
    ...run,
    title: `${name} (${modelId}, layer ${layer})`,
    identity: { model: modelId, source: `${layer}-${hookType}`, as: kind, request },
    matrix,
    planned: [[0, 1]],
    blocks,
    fields: JSON.stringify({ request }),
    delivery: run.server.vectors(destination),
    isNew: prepared.isNewModel,
  });
  const id = report.ids.get(0);
  return report.end.type === 'finished' && id !== undefined && prepared.later
    ? sendActivations(prepared, id, run, report)
    : report;
}

/** A job of its own: that the vector is there says nothing of its activations. */
async function sendActivations(
  prepared: PreparedVector,
  id: string,
  run: UploadRun,
  vector: JobReport,
): Promise<JobReport> {
  const { matrix, destination, name, blocks, later } = prepared;
  const fields = later ? dashboardFields({ activations: later.activations }) : '';
  const identity: JobIdentity = {
    model: destination.modelId,
    source: id,
    as: 'activations',
    request: digestOf([id, fields]),
  };
  const delivery = run.server.vectorActivations(id, fields);
  const title = `activations of ${name} (${id})`;
  const job = {
    title,
    identity,
    matrix,
    planned: [[0, 1]] as const,
    blocks,
    fields: JSON.stringify({ request: digestOf([fields]) }),
    isNew: false,
  };
  const { end } = await runJob({ ...run, ...job, delivery });
  return { ...vector, end };
}

function digestOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
