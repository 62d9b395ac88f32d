import {
  callback,
  checkOptions,
  checkValue,
  isObject,
  listOf,
  object,
  oneOf,
  type Rule,
  type RulesFor,
  signal,
  string,
  text,
  whole,
} from '../check-options.ts';
import { type InspectOptions as All, type Inspection, inspectPath as inspectAll } from '../inspect/inspect.ts';
import type { Watch } from '../inspect/survey-rows.ts';
import { BUILT_IN_MODELS } from '../sandbox/models.ts';

/** How to inspect a path. */
export interface InspectOptions extends Omit<All, 'models' | 'watch'> {
  /** Known models and the widths of their residual streams: those that the command line knows, unless said otherwise. */
  readonly models?: All['models'];
  /** Follows the progress, and can end it with the reason of a signal. */
  readonly watch?: Partial<Watch>;
}

/** A model as it comes from a server's list has more fields, so others are not refused. */
const model: Rule = {
  expected: '{ id, dimension }',
  fits: (value) => isObject(value) && text.fits(value.id) && whole(1).fits(value.dimension),
};

const rules: RulesFor<InspectOptions> = {
  tensor: string,
  orientation: oneOf('rows', 'columns'),
  headAxis: oneOf('first', 'middle'),
  models: listOf(model, 'a list of models, each with its id and dimension'),
  watch: object('an object', { signal, onRows: callback }),
};

const never = new AbortController().signal;

/**
 * Inspects a weight file, a folder of SAEs or of weight files, or examples of activations, without using the network.
 * What cannot be determined and what is wrong with values become findings. Errors: usage, the reason of `watch.signal`, and
 * those of reading what cannot be read at all.
 */
export async function inspectPath(path: string, options: InspectOptions = {}): Promise<Inspection> {
  checkValue('path', path, { ...text, expected: 'the path of a file or folder' });
  checkOptions(options, rules);
  const { models = BUILT_IN_MODELS, watch = {}, ...others } = options;
  const { signal: stop = never, onRows } = watch;
  return inspectAll(path, { ...others, models, watch: { signal: stop, onRows: (...rows) => onRows?.(...rows) } });
}
