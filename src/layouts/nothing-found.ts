import { basename } from 'node:path';
import { AppError } from '../errors.ts';
import { isPickle, isTrainingState, isWeightFile } from './folder.ts';
import { layouts } from './list.ts';

/** How many names an error lists before it only counts the rest. */
const mostNames = 8;

/** Returns the error for a folder without any SAE, with what was looked for and what is there. */
export function nothingFound(path: string, seen: readonly string[]): AppError {
  const pickles = seen.filter((name) => isPickle(name) && !isTrainingState(name));
  if (pickles.length > 0 && !seen.some(isWeightFile)) return onlyPickles(path, pickles);
  const looked = layouts.filter(({ looksFor }) => looksFor !== '').map(({ name, looksFor }) => `${looksFor} (${name})`);
  return new AppError('layout_unknown', `${path}: no SAE found in this folder`, {
    hints: [
      seen.length === 0 ? 'it holds no files' : `it holds ${listed(seen)}`,
      'to use a single weight file, give its own path, with --model, --layer and --hook',
      ...(seen.length === 0 ? [] : [`looked for ${looked.join(', ')}`]),
    ],
    details: { file: path },
  });
}

function onlyPickles(path: string, pickles: readonly string[]): AppError {
  const [first] = pickles as [string];
  const stem = basename(first).replace(/\.[^.]+$/, '');
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
        `in the Python environment that made them: safetensors.torch.save_file(torch.load("${source}", weights_only=True), "${stem}.safetensors"); keep the config beside the new file`,
      ],
      details: { file: path },
    },
  );
}

function listed(names: readonly string[]): string {
  const more = names.length - mostNames;
  return names.slice(0, mostNames).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
