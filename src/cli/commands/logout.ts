import { parseServerUrl } from '../../api/server-url.ts';
import { foldersOf, setting } from '../../config/folders.ts';
import { openKeyStore } from '../../config/key-store.ts';
import { AppError } from '../../errors.ts';
import type { CommandContext } from '../context.ts';
import { serverUrl } from '../session.ts';

/** `logout`: forgets the key stored for a server. */
export async function run(context: CommandContext): Promise<number> {
  const { out, options } = context;
  if (options.sandbox || options.sandboxPublic) {
    throw new AppError('usage', 'the sandbox always uses its own key', {
      hints: ['leave --sandbox out to forget the key of a server'],
    });
  }
  const { origin } = parseServerUrl(serverUrl(context), true);
  const forgotten = openKeyStore(foldersOf(context.env).config).delete(origin);
  out.note(forgotten ? `forgot the key for ${origin}` : `no key was stored for ${origin}`);
  if (setting(context.env, 'NEURONPEDIA_API_KEY'))
    out.warn('NEURONPEDIA_API_KEY is still set and will go on being used');
  out.document({ type: 'logout', url: origin, forgotten });
  return 0;
}
