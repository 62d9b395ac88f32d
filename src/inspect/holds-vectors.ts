import { openFile } from '../tensor/byte-source.ts';
import { linesOf } from '../tensor/lines.ts';
import { tryParseJson } from '../try-parse-json.ts';

/** Whether JSON Lines hold vectors rather than examples of features, by the first line. Errors: those of reading. */
export async function holdsVectors(path: string): Promise<boolean> {
  const file = await openFile(path);
  try {
    for await (const { text } of linesOf(path, file, () => undefined)) {
      if (text.toString('latin1').trim() !== '') return isVector(text.toString('utf8'));
    }
    return false;
  } finally {
    await file.close();
  }
}

function isVector(line: string): boolean {
  const row = tryParseJson(line);
  return typeof row === 'object' && row !== null && 'vector' in row && !('activations' in row);
}
