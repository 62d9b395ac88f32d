import { AppError } from '../../errors.ts';
import { type Probe, readProbe } from '../../layouts/probe.ts';
import type { CommandContext } from '../context.ts';
import { type DirectionReader, uploadDirection } from '../direction-upload.ts';
import type { OptionValues } from '../options.ts';

/** Finds the probe that the options name. */
export const read: DirectionReader = async (file, options) => {
  const { tensor, class: classIndex } = options;
  const scaling = scalingOf(options);
  const given = { ...(tensor !== undefined && { tensor }), ...(classIndex !== undefined && { classIndex }) };
  const probe = await readProbe(file, { ...given, ...(scaling && { scaling }) });
  const bias = options.bias ?? probe.bias;
  return {
    direction: probe,
    probe: { concept: options.concept as string, ...(bias !== undefined && { bias }) },
    notes: [notesOf(probe, options)],
  };
};

/** `upload-probe FILE`: one linear probe or concept direction; prints the URL of what it made. */
export function run(context: CommandContext): Promise<number> {
  scalingOf(context.options);
  return uploadDirection(context, read);
}

function scalingOf({ rawSpace, asStored }: OptionValues): 'raw-space' | 'as-stored' | undefined {
  if (rawSpace && asStored) throw new AppError('usage', '--raw-space and --as-stored contradict each other');
  if (rawSpace) return 'raw-space';
  return asStored ? 'as-stored' : undefined;
}

function notesOf({ bias, classes, row, scaling }: Probe, options: OptionValues): string {
  const parts = [
    `tells apart "${options.concept}"`,
    ...(classes > 1 ? [`class ${row} of ${classes}`] : []),
    options.bias !== undefined
      ? `bias ${options.bias} (--bias)`
      : bias === undefined
        ? 'no bias'
        : `bias ${bias}${scaling === 'raw-space' ? '' : ' (file)'}`,
    ...(scaling === 'raw-space' ? ['in raw space: the scaler is divided out'] : []),
    ...(scaling === 'as-stored' ? ['as stored: of scaled features'] : []),
  ];
  return `probe    ${parts.join(', ')}`;
}
