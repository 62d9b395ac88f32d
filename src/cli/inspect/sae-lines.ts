import { count, several } from '../../count.ts';
import type { SaeReport } from '../../inspect/dictionary.ts';
import type { Firing } from '../../inspect/firing.ts';
import type { RowList } from '../../inspect/row-list.ts';
import type { Spread } from '../../inspect/spread.ts';
import type { RowSurvey } from '../../inspect/survey-rows.ts';
import { headText } from '../../layouts/sae.ts';
import type { Page } from '../output.ts';
import { bars } from './bars.ts';
import { indent, labelled } from './lines.ts';
import { figure } from './numbers.ts';

/** Shows all that is known of one SAE. */
export function saeLines(page: Page, sae: SaeReport): string[] {
  const { head, kind, layout, survey, firing } = sae;
  const facts = Object.entries(sae.facts).map(([name, value]) => `${name} ${value}`);
  return [
    ...labelled(page, 'SAE', `${sae.path} (${layout}, ${kind}${headText(head)})`),
    ...labelled(page, 'decoder', ...decoder(sae)),
    ...labelled(page, 'model', ...place(sae)),
    ...(facts.length > 0 ? labelled(page, 'config', facts.join(', ')) : []),
    ...(survey ? surveyLines(page, survey) : []),
    ...(firing ? firingLines(page, firing, sae.features) : []),
  ];
}

function decoder({ tensor, dtype, shape, features, width, orientation, orientationFrom }: SaeReport): [string, string] {
  const what = `${tensor || 'one array'} ${dtype} [${shape.join(', ')}]`;
  const rounded = dtype === 'F64' ? '; sent as float32' : '';
  return [
    `${what}: ${several(features, 'feature')} of ${several(width, 'value')}${rounded}`,
    orientationFrom === null
      ? `${orientation}? Nothing proves which axis counts features: only a guess`
      : `${orientation}: ${orientationFrom}`,
  ];
}

function place({ model, layer, hook, hookIn, neuronpediaId, width, fits }: SaeReport): [string, ...string[]] {
  const known = (name: string, fact: { value: string | number; from: string } | null) =>
    fact ? [`${name}${fact.value} (${fact.from})`] : [];
  const lines = [
    ...known('', model),
    ...(model ? [] : [`not said by these files; ${fitting(width, fits)}`]),
    ...(layer ? known('layer ', layer) : ['layer not said by these files']),
    ...(hook ? known('hook ', hook) : ['hook not said by these files']),
    ...known('reads ', hookIn),
    ...(neuronpediaId === null ? [] : [`its config names ${neuronpediaId}; an upload ignores that`]),
  ];
  return lines as [string, ...string[]];
}

/** Lists the known models of this width, which rules out others but identifies none. */
export function fitting(width: number, fits: readonly string[]): string {
  if (fits.length === 0) return `no known model has a residual stream of width ${width}`;
  return `width ${width} fits: ${fits.join(', ')}`;
}

function surveyLines(page: Page, survey: RowSurvey): string[] {
  const { rows, norms, unitRows, values, broken, zero, duplicates, nearConstant } = survey;
  const odd = [
    `${count(broken.count)} not finite as float32`,
    `${count(zero.count)} zero`,
    `${count(duplicates.count)} duplicate${duplicates.complete ? '' : ' (not all were compared)'}`,
    `${count(nearConstant.count)} near-constant${firstRows(nearConstant)}`,
  ];
  const unit =
    unitRows === rows ? 'all unit norm' : unitRows > rows / 2 ? `${count(unitRows)} unit norm` : 'not unit norm';
  return [
    ...labelled(page, 'rows', `${count(rows)}: ${odd.join(', ')}`),
    ...(values ? labelled(page, 'values', `${figure(values.min)} to ${figure(values.max)}`) : []),
    ...(norms ? spreadLines(page, 'norms', norms, unit) : []),
  ];
}

/** For fewer numbers a histogram adds nothing to the line above it. */
const fewestDrawn = 16;

/** Shows minimum, median, mean and maximum in a line, and a histogram below it. */
export function spreadLines(page: Page, label: string, spread: Spread, ...more: readonly string[]): string[] {
  const { min, median, mean, max, sampled, histogram } = spread;
  const figures = `min ${figure(min)}, median ${figure(median)}, mean ${figure(mean)}, max ${figure(max)}`;
  const notes = sampled ? [...more, 'median and histogram of a sample'] : more;
  const line = [figures, ...notes].join('; ');
  return [
    ...labelled(page, label, line),
    ...(histogram && spread.count >= fewestDrawn ? bars(histogram, page, indent) : []),
  ];
}

function firingLines(page: Page, { file, dead, density }: Firing, features: number): string[] {
  const share = `${count(dead.count)} of ${count(features)}${firstRows(dead)}`;
  return [
    ...labelled(page, 'dead', `${share} (${file})`),
    ...(density ? spreadLines(page, 'density', density, 'share of tokens') : []),
  ];
}

/** Returns `: 3, 17, …`, or nothing if there are none. */
function firstRows({ count: all, first }: RowList): string {
  if (all === 0) return '';
  return `: ${first.join(', ')}${all > first.length ? ', …' : ''}`;
}
