import type { AppError, ErrorCode } from '../errors.ts';
import { isOutOfFiles } from '../file-fault.ts';

/** What to type or look at next, by error code, for errors without hints of their own. */
const usual: Partial<Record<ErrorCode, string>> = {
  usage: 'neuronpedia --help lists the commands, and neuronpedia COMMAND --help their options',
  file_unreadable: 'check that it is complete and readable: ls -l',
  format_unknown: 'weights are read from .npy, .npz, .safetensors, .arrow and .json files',
  format_invalid:
    'it is damaged, or was cut off: copy or save it again, and compare its size with that of the original',
  format_unsupported: 'save it once more as plain numbers: numpy.save, or safetensors, in float32, float16 or bfloat16',
  config_invalid: 'fix that file, or remove it and give what it would say as options',
  tensor_not_found: 'neuronpedia inspect lists what the file holds',
  layout_unknown: 'neuronpedia inspect shows what was found there; to upload a single matrix, name it with --tensor',
  wrong_width: 'check that --model is the one that it was trained on, and --orientation',
  not_finite: 'neuronpedia inspect lists all such rows',
  record_invalid: 'fix that record or remove it',
  cannot_be_stored: 'nothing was sent; neuronpedia status says what this server is',
};

/** For any error: whatever could not be opened then is not at fault. */
const moreFiles = 'too many files are open: raise the limit with ulimit -n, or upload fewer SAEs at once with --layers';

/** Returns an error's own hints, or the usual one for its code. */
export function hintsOf({ code, hints, cause }: Pick<AppError, 'code' | 'hints' | 'cause'>): readonly string[] {
  if (isOutOfFiles(cause)) return [moreFiles];
  const other = usual[code];
  return hints.length > 0 || other === undefined ? hints : [other];
}
