import { uploadVector } from '../../library/upload-vector.ts';
import type { CommandContext } from '../context.ts';
import { uploadDirection } from '../direction-upload.ts';

/** `upload-vector FILE`: one steering vector; prints the URL of what it made. */
export function run(context: CommandContext): Promise<number> {
  const { tensor, row } = context.options;
  const which = { ...(tensor !== undefined && { tensor }), ...(row !== undefined && { row }) };
  return uploadDirection(context, (file, upload, hooks) => uploadVector(file, { ...upload, ...which }, hooks));
}
