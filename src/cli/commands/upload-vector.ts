import { readDirection } from '../../layouts/direction.ts';
import type { CommandContext } from '../context.ts';
import { uploadDirection } from '../direction-upload.ts';

/** `upload-vector FILE`: one steering vector; prints the URL of what it made. */
export function run(context: CommandContext): Promise<number> {
  const { tensor, row } = context.options;
  return uploadDirection(context, async (file) => ({
    direction: await readDirection(file, {
      ...(tensor !== undefined && { tensor }),
      ...(row !== undefined && { row }),
    }),
    notes: [],
  }));
}
