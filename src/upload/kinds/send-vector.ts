import { createHash } from 'node:crypto';
import { dashboardFields } from '../../dashboards/dashboard.ts';
import { type Preview, previewJob } from '../preview-job.ts';
import type { JobInput, JobReport, Looking, UploadRun } from '../run.ts';
import { runJob } from '../run-job.ts';
import type { Server } from '../server.ts';
import type { PreparedVector } from './vector.ts';

/** A job of one row: what is sent, and what identifies its journal. */
export type VectorJob = Pick<JobInput, 'title' | 'identity' | 'matrix' | 'planned' | 'blocks' | 'fields' | 'delivery'>;

/** The job that sends a vector to a server. */
export function vectorJob(prepared: PreparedVector, server: Server): VectorJob {
  const { kind, matrix, destination, name, vectorHash, blocks } = prepared;
  const { modelId, layer, hookType, strength, fields } = destination;
  const known = [modelId, layer, hookType, strength, name, vectorHash];
  const request = digestOf([...known, fields]);
  return {
    title: `${name} (${modelId}, layer ${layer})`,
    identity: { model: modelId, source: `${layer}-${hookType}`, as: kind, request, vector: digestOf(known) },
    matrix,
    planned: [[0, 1]],
    blocks,
    fields: JSON.stringify({ request }),
    delivery: server.vectors(destination),
  };
}

/** The job that sends a vector's activations. Separate, since a server that has the vector (as `id`) may still lack them. */
export function activationsJob(prepared: PreparedVector, id: string, server: Server): VectorJob {
  const { matrix, destination, name, blocks, later } = prepared;
  const fields = later ? dashboardFields({ activations: later.activations }) : '';
  return {
    title: `activations of ${name} (${id})`,
    identity: { model: destination.modelId, source: id, as: 'activations', request: digestOf([id, fields]) },
    matrix,
    planned: [[0, 1]],
    blocks,
    fields: JSON.stringify({ request: digestOf([fields]) }),
    delivery: server.vectorActivations(id, fields),
  };
}

/** Returns what sending a prepared vector would do; writes nothing. Errors: those of `previewJob`. */
export function previewVector(prepared: PreparedVector, run: Looking): Promise<Preview> {
  return previewJob({ ...run, ...vectorJob(prepared, run.server), isNew: prepared.isNewModel });
}

/**
 * Sends a prepared vector, or finds that an earlier run of the same request did. Then sends its activations, if the server
 * takes them in a request of their own. Errors: those of `runJob`.
 */
export async function sendVector(prepared: PreparedVector, run: UploadRun): Promise<JobReport> {
  const { destination, isNewModel } = prepared;
  const isNew = isNewModel && (await run.server.createModel(destination.modelId, prepared.modelLayers)).isNew;
  const report = await runJob({ ...run, ...vectorJob(prepared, run.server), isNew });
  const id = report.ids.get(0);
  if (report.end.type !== 'finished' || id === undefined || !prepared.later) return report;
  const { end } = await runJob({ ...run, ...activationsJob(prepared, id, run.server), isNew: false });
  return { ...report, end };
}

function digestOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
