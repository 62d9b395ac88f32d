import { readDirection } from '../../layouts/direction.ts';
import type { CommandContext } from '../context.ts';
import { type DirectionReader, uploadDirection } from '../direction-upload.ts';

/** Finds the vector that the options name. */
export const read: DirectionReader = async (file, { tensor, row }) => ({
  direction: await readDirection(file, { ...(tensor !== undefined && { tensor }), ...(row !== undefined && { row }) }),
  notes: [],
});

/** `upload-vector FILE`: one steering vector; prints the URL of what it made. */
export function run(context: CommandContext): Promise<number> {
  return uploadDirection(context, read);
}
