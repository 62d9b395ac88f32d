import { basename } from 'node:path';
import { count, several } from '../../count.ts';
import type { DashboardReport } from '../../inspect/dashboards.ts';
import type { VectorReport } from '../../inspect/vector.ts';
import type { Page } from '../output.ts';
import { firstOf, labelled } from './lines.ts';
import { figure } from './numbers.ts';
import { fitting, spreadLines } from './sae-lines.ts';

const mostVectors = 24;

/** Shows single vectors: one in full, several in one line each. */
export function vectorLines(page: Page, vectors: readonly VectorReport[]): string[] {
  const [only, ...others] = vectors;
  if (!only) return [];
  if (others.length > 0) {
    const lines = firstOf(vectors, mostVectors, oneLine);
    return labelled(page, 'vectors', several(vectors.length, 'vector'), ...lines);
  }
  const { tensor, dtype, shape, width, classes, norm, values, fits, bias } = only;
  const directions = classes > 1 ? `${classes} directions of ` : '';
  const what = `${tensor || 'one array'} ${dtype} [${shape.join(', ')}]: ${directions}${several(width, 'value')}`;
  const probe = classes > 1 ? `a probe of ${classes} classes` : 'a probe';
  const beside = bias === null ? [] : [`${probe}, because of the ${bias} beside it`];
  return [
    ...labelled(
      page,
      'vector',
      `${what}, norm ${classes > 1 ? 'up to ' : ''}${norm === null ? 'unknown' : figure(norm)}`,
      fitting(width, fits),
      ...beside,
    ),
    ...(values ? spreadLines(page, 'values', values) : []),
  ];
}

/** Describes a vector in one line; names its file, and its tensor if that has a name. */
function oneLine({ file, tensor, width, norm, values, fits }: VectorReport): string {
  const range = values ? `, ${figure(values.min)} to ${figure(values.max)}` : '';
  const length = norm === null ? '' : `, norm ${figure(norm)}`;
  return `${basename(file)}${tensor && ` ${tensor}`}: ${several(width, 'value')}${length}${range}; ${fitting(width, fits)}`;
}

/** Describes examples of features. */
export function dashboardLines(page: Page, report: DashboardReport): string[] {
  const { path, features, indices, activations, models, bad } = report;
  const which = features > 0 ? `: ${indices.length > 60 ? `${indices.slice(0, 60)}…` : indices}` : '';
  return labelled(
    page,
    'examples',
    path,
    `${count(activations)} activations of ${several(features, 'feature')}${which}`,
    ...(models.length > 0 ? [`records name the model ${models.join(', ')}`] : []),
    `${several(bad.count, 'bad record')}`,
  );
}
