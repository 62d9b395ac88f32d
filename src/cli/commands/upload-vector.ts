import type { Direction } from '../../layouts/direction.ts';
import { uploadVector } from '../../library/upload-vector.ts';
import { present } from '../../present.ts';
import type { CommandContext } from '../context.ts';
import { type SendDirection, uploadDirection } from '../direction-upload.ts';

/** Uploads the vector that the options name. */
export const send: SendDirection<Direction> = (source, { tensor, row }, upload, hooks) => {
  return uploadVector(source, { ...upload, ...present({ tensor, row }) }, hooks);
};

/** `upload-vector FILE`: uploads one steering vector and prints its URL. */
export function run(context: CommandContext): Promise<number> {
  return uploadDirection(context, send);
}
