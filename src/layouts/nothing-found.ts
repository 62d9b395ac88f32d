import { basename, join } from 'node:path';
import { AppError } from '../errors.ts';
import { convertTorch } from '../formats/strangers.ts';
import { isPickle, isTrainingState, isWeightFile } from './folder.ts';
import { layouts } from './list.ts';

/** How many names an error lists before it only counts the rest. */
const mostNames = 8;

/** The parts in which the `datasets` library saves a large table. */
const shard = /(^|[\\/])data-\d+-of-\d+\.arrow$/;
const joinShards =
  'a dataset of Hugging Face is read from one file: datasets.load_from_disk("FOLDER").save_to_disk("NEW", num_shards=1)';

/** Returns the error for a folder without any SAE, with what was looked for and what is there. */
export function nothingFound(path: string, seen: readonly string[]): AppError {
  const pickles = picklesOf(seen);
  const others = seen.filter(isWeightFile);
  if (pickles.length > 0 && others.length < 2) return onlyPickles(path, pickles, others);
  const looked = layouts.filter(({ looksFor }) => looksFor !== '').map(({ name, looksFor }) => `${looksFor} (${name})`);
  return new AppError('layout_unknown', `${path}: no SAE found in this folder`, {
    hints: [
      seen.length === 0 ? 'it holds no files' : `it holds ${listed(seen)}`,
      ...(seen.filter((name) => shard.test(name)).length > 1 ? [joinShards] : []),
      'to use a single weight file, give its own path, with --model, --layer and --hook',
      ...(seen.length === 0 ? [] : [`looked for ${looked.join(', ')}`]),
    ],
    details: { file: path },
  });
}

/** Returns the pickles that hold weights of which no converted file of the same name lies beside them. */
export function picklesOf(seen: readonly string[]): string[] {
  const converted = new Set(seen.filter(isWeightFile).map(stemOf));
  return seen.filter((name) => isPickle(name) && !isTrainingState(name) && !converted.has(stemOf(name)));
}

const stemOf = (name: string) => name.replace(/\.[^.]+$/, '');

function onlyPickles(path: string, pickles: readonly string[], others: readonly string[]): AppError {
  const [first] = pickles as [string];
  const stem = stemOf(basename(first));
  const isFolder = first.endsWith('.dcp');
  const source = isFolder ? `${stem}.pt` : basename(first);
  return new AppError(
    'format_unsupported',
    `${path}: the weights here are pickles, which are never loaded: ${listed(pickles)}`,
    {
      hints: [
        ...(isFolder
          ? [
              `first in Python: torch.distributed.checkpoint.format_utils.dcp_to_torch_save("${basename(first)}", "${source}")`,
            ]
          : []),
        /\.(pkl|joblib)$/.test(first)
          ? `to see how to convert such a file, give its own path: ${join(path, first)}`
          : `in the Python environment that made them: ${convertTorch(source)}; keep the config beside the new file`,
        ...(others.length > 0 ? [`if the weights are in ${listed(others)}, give the path of that file`] : []),
      ],
      details: { file: path },
    },
  );
}

function listed(names: readonly string[]): string {
  const more = names.length - mostNames;
  return names.slice(0, mostNames).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
