import type { SaeReport } from '../../inspect/dictionary.ts';
import type { Inspection } from '../../inspect/inspect.ts';
import type { VectorReport } from '../../inspect/vector.ts';
import type { OptionValues } from '../options.ts';
import { shellWord } from '../shell-word.ts';

/** A command that uploads what was inspected; words in capitals are still to be filled in. */
export interface SuggestedCommand {
  readonly command: string;
  /** Options whose values only a person can give. */
  readonly toGive: readonly string[];
}

/** Options given to `inspect` that the upload needs again. */
export type Said = Pick<OptionValues, 'tensor' | 'headAxis'>;

/** Returns the commands that upload all that was found. */
export function uploadCommands(inspection: Inspection, said: Said): SuggestedCommand[] {
  const { path, vectors } = inspection;
  const saes = inspection.saes.filter(({ survey }) => survey);
  const isSweep = saes.length > 0 && saes.every(({ layer, head }) => layer && !head);
  const groups = isSweep ? [{ path, saes }] : byPath(saes);
  const needTensor = filesOfSeveral(inspection);
  return [
    ...groups.map((group) => saeCommand(group.path, group.saes, said)),
    ...vectors.map((vector) => vectorCommand(vector, needTensor.has(vector.file) ? vector.tensor : said.tensor)),
  ];
}

/** Groups SAEs by path: the slabs of a crosscoder are one upload. */
function byPath(saes: readonly SaeReport[]): { path: string; saes: SaeReport[] }[] {
  const groups = new Map<string, SaeReport[]>();
  for (const sae of saes) groups.set(sae.path, [...(groups.get(sae.path) ?? []), sae]);
  return [...groups].map(([path, saes]) => ({ path, saes }));
}

function saeCommand(path: string, saes: readonly SaeReport[], { tensor, headAxis }: Said): SuggestedCommand {
  const heads = saes.filter(({ head, layer, model }) => head && !(layer && model));
  const needs = (is: (sae: SaeReport) => boolean) => heads.length === 0 && saes.some(is);
  const gaps = [
    '--sae-id NAME',
    ...heads.map(({ head }) => `--head ${head?.index}=MODEL:LAYER`),
    ...(needs(({ model }) => !model) ? ['--model ID'] : []),
    ...(needs(({ layer }) => !layer) ? ['--layer N'] : []),
    ...(needs(({ hook }) => !hook) ? ['--hook HOOK'] : []),
    ...(saes.some(({ orientationFrom }) => orientationFrom === null) ? ['--orientation AXIS'] : []),
  ];
  const given = saes.some(({ orientationFrom }) => orientationFrom === '--orientation')
    ? [`--orientation ${saes[0]?.orientation}`]
    : [];
  const axis = headAxis === undefined ? [] : [`--head-axis ${headAxis}`];
  const bad = saes.some(({ survey }) => (survey?.broken.count ?? 0) > 0) ? ['--skip-bad-rows'] : [];
  return suggestion('upload-sae', path, [...tensorOption(tensor), ...axis, ...given, ...bad], gaps);
}

/** Returns the files whose vectors need `--tensor`: those with several, or with tensors that cannot be decoded. */
function filesOfSeveral({ vectors, files }: Inspection): ReadonlySet<string> {
  const once = new Set<string>();
  const several = new Set(files.filter(({ undecodable }) => undecodable.length > 0).map(({ path }) => path));
  for (const { file } of vectors) (once.has(file) ? several : once).add(file);
  return several;
}

function vectorCommand({ file, classes, bias, scaler }: VectorReport, tensor: string | undefined): SuggestedCommand {
  const gaps = ['--model ID', '--layer N', '--name TEXT', ...(bias === null ? [] : ['--concept TEXT'])];
  if (classes > 1) gaps.unshift('--class I');
  const command = bias === null ? 'upload-vector' : 'upload-probe';
  const given = [...tensorOption(tensor), ...(scaler === null ? [] : ['--raw-space'])];
  return suggestion(command, file, given, gaps);
}

function tensorOption(name: string | undefined): string[] {
  return name === undefined ? [] : [`--tensor ${shellWord(name)}`];
}

function suggestion(
  command: string,
  path: string,
  given: readonly string[],
  gaps: readonly string[],
): SuggestedCommand {
  return {
    command: ['neuronpedia', command, shellWord(path), ...given, ...gaps].join(' '),
    toGive: gaps.map((gap) => gap.slice(0, gap.indexOf(' '))),
  };
}
