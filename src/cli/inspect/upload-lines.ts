import { count, several } from '../../count.ts';
import type { Inspection } from '../../inspect/inspect.ts';
import { totalCost } from '../../inspect/upload-cost.ts';
import { parseHook } from '../../layouts/hook.ts';
import type { Page } from '../output.ts';
import { type Said, uploadCommands } from './commands.ts';
import { firstOf, labelled } from './lines.ts';
import { size } from './numbers.ts';

const mostCommands = 4;

/** Says what an upload of everything found would take, and what to type. */
export function uploadLines(page: Page, inspection: Inspection, said: Said): string[] {
  const commands = firstOf(uploadCommands(inspection, said), mostCommands, ({ command }) => page.paint.cyan(command));
  const lines = [...featureCost(inspection), ...vectorCost(inspection), ...commands];
  const [first, ...others] = lines;
  return first === undefined ? [] : labelled(page, 'upload', first, ...others);
}

function featureCost(inspection: Inspection): string[] {
  const saes = inspection.saes.filter(({ survey }) => survey);
  if (saes.length === 0) return [];
  const { features, requests, bytes, days } = totalCost(saes.map(({ cost }) => cost));
  const residual = saes.every(({ hook }) => !hook || parseHook(hook.value).residual);
  const vectors = residual ? `, or as vectors, one a request: ${several(features, 'request')}` : '';
  return [
    `${several(features, 'feature')} in ${several(requests, 'request')}, about ${size(bytes)} of JSON`,
    `${several(days.free, 'day')} of a free account (1,000 a day), ${count(days.research)} of a research one (10,000)`,
    `the public server takes features with --activations only${vectors}`,
  ];
}

function vectorCost({ vectors }: Inspection): string[] {
  if (vectors.length === 0) return [];
  return [
    `${several(vectors.length, 'vector')}, one a request: ${several(vectors.length, 'feature')} of a day's quota`,
  ];
}
