import type { AppError, ErrorCode } from '../errors.ts';

/** What to type or look at next, by error code, for errors without hints of their own. */
const usual: Partial<Record<ErrorCode, string>> = {
  usage: 'neuronpedia --help lists the commands, and neuronpedia COMMAND --help their options',
  file_unreadable: 'see whether it is whole and may be read: ls -l',
  format_unknown: 'weights are read from .npy, .npz, .safetensors, .arrow and .json files',
  format_invalid:
    'it is damaged, or was cut off: copy or save it again, and compare its size with that of the original',
  format_unsupported: 'save it once more as plain numbers: numpy.save, or safetensors, in float32, float16 or bfloat16',
  config_invalid: 'mend that file, or leave it out and say with options what it is to say',
  tensor_not_found: 'neuronpedia inspect lists what the file holds',
  layout_unknown: 'neuronpedia inspect says what was found there; a single matrix is named with --tensor',
  wrong_width: 'check that --model is the one that it was trained on, and --orientation',
  not_finite: 'neuronpedia inspect lists all such rows',
  record_invalid: 'mend that record, or take it out',
  cannot_be_stored: 'nothing was sent; neuronpedia status says what this server is',
};

/** Returns an error's own hints, or the usual one for its code. */
export function hintsOf({ code, hints }: Pick<AppError, 'code' | 'hints'>): readonly string[] {
  const other = usual[code];
  return hints.length > 0 || other === undefined ? hints : [other];
}
