import type { Direction } from '../../layouts/direction.ts';
import { uploadVector } from '../../library/upload-vector.ts';
import type { CommandContext } from '../context.ts';
import { type SendDirection, uploadDirection } from '../direction-upload.ts';

/** Uploads the vector that the options name. */
export const send: SendDirection<Direction> = (source, { tensor, row }, upload, hooks) => {
  const which = { ...(tensor !== undefined && { tensor }), ...(row !== undefined && { row }) };
  return uploadVector(source, { ...upload, ...which }, hooks);
};

/** `upload-vector FILE`: uploads one steering vector and prints its URL. */
export function run(context: CommandContext): Promise<number> {
  return uploadDirection(context, send);
}
