import { AppError } from '../../errors.ts';
import type { Probe } from '../../layouts/probe.ts';
import { uploadProbe } from '../../library/upload-vector.ts';
import { present } from '../../present.ts';
import type { CommandContext } from '../context.ts';
import { type SendDirection, uploadDirection } from '../direction-upload.ts';
import type { OptionValues } from '../options.ts';

/** Uploads the probe that the options name. Error: usage for options that contradict each other. */
export const send: SendDirection<Probe> = (source, options, upload, hooks) => {
  const { tensor, class: classIndex, bias } = options;
  const which = present({ tensor, classIndex, bias, scaling: scalingOf(options) });
  return uploadProbe(source, { ...upload, concept: options.concept as string, ...which }, hooks);
};

/** `upload-probe FILE`: uploads one linear probe or concept direction and prints its URL. */
export function run(context: CommandContext): Promise<number> {
  scalingOf(context.options);
  return uploadDirection(context, send, (probe) => [notesOf(probe, context.options)]);
}

function scalingOf({ rawSpace, asStored }: OptionValues): 'raw-space' | 'as-stored' | undefined {
  if (rawSpace && asStored)
    throw new AppError('usage', '--raw-space and --as-stored contradict each other', {
      hints: ['--raw-space divides the scaler out, --as-stored uploads the numbers as they are: leave one of them out'],
    });
  if (rawSpace) return 'raw-space';
  return asStored ? 'as-stored' : undefined;
}

function notesOf({ bias, classes, row, scaling, assumed }: Probe, options: OptionValues): string {
  // A bias that is given is taken as it is.
  const zero = (assumed ?? []).filter((what) => what === 'mean' || options.bias === undefined);
  const parts = [
    `detects "${options.concept}"`,
    ...(classes > 1 ? [`class ${row} of ${classes}`] : []),
    options.bias !== undefined
      ? `bias ${options.bias} (--bias, taken as it is)`
      : bias === undefined
        ? 'no bias'
        : `bias ${bias}${scaling === 'raw-space' ? '' : ' (file)'}`,
    ...(scaling === 'raw-space' ? ['in raw space: the scaler is divided out'] : []),
    ...(zero.length > 0 ? [`no ${zero.join(' and no ')} in the file: taken as 0`] : []),
    ...(scaling === 'as-stored' ? ['as stored: expects scaled inputs'] : []),
  ];
  return `probe    ${parts.join(', ')}`;
}
