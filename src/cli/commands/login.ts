import { platform } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { cleanKey } from '../../api/key.ts';
import { loginAt, parseServerUrl } from '../../api/server-url.ts';
import { foldersOf } from '../../config/folders.ts';
import { openKeyStore } from '../../config/key-store.ts';
import { AppError } from '../../errors.ts';
import { whyNotAsked } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import { connectOptions, connectUntil, serverUrl } from '../session.ts';
import { withSpinner } from '../spinner.ts';
import { readStandardInput } from '../standard-input.ts';

/** `login`: checks a key with the server, then stores it for that server. */
export async function run(context: CommandContext): Promise<number> {
  const { out, options } = context;
  if (options.sandbox || options.sandboxPublic) {
    throw new AppError('usage', 'the sandbox always uses its own key', {
      hints: ['leave --sandbox out, or just use it: no login is needed'],
    });
  }
  const url = serverUrl(context);
  const { origin } = parseServerUrl(url, options.insecure ?? false);
  const key = options.withToken ? await readToken(context) : await askForKey(context, origin);
  out.hide(key);
  const account = await withSpinner(out, `checking the key with ${origin}`, async () => {
    const keyFrom = options.withToken ? 'standard input' : 'the prompt';
    const connection = await connectUntil(context, { ...connectOptions(context, url, key), keyFrom });
    await connection.close();
    return connection.server.account;
  });
  context.stop.throwIfAborted();
  const store = openKeyStore(foldersOf(context.env).config);
  store.set(origin, key);
  out.note(`logged in to ${origin} as ${account.name}; the key is stored in ${store.path}`);
  out.document({ type: 'login', url: origin, account, stored: store.path });
  return 0;
}

/** A key is one short line: more on standard input is a mistake. */
const longestInput = 10_000;

async function readToken(context: CommandContext): Promise<string> {
  const bytes = await readStandardInput(context, longestInput);
  if (bytes.length <= longestInput) return cleanKey(bytes.toString('utf8'), 'standard input');
  throw new AppError('no_key', 'standard input: too long for a key', { hints: ['pipe in the key alone, one line'] });
}

async function askForKey(context: CommandContext, origin: string): Promise<string> {
  if (!context.interactive) {
    throw new AppError('usage', `cannot ask for the key: ${whyNotAsked}`, {
      hints: [
        `pipe it in: ${platform() === 'win32' ? '$env:KEY' : 'echo "$KEY"'} | ${loginAt(origin)} --with-token`,
        'or set NEURONPEDIA_API_KEY: then no login is needed',
      ],
    });
  }
  context.out.note(`Make a key at ${origin}/settings, and paste it here.`);
  const prompt = () => context.out.stderr.write('API key (hidden): ');
  // The line is edited as usual, but not echoed.
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: context.stdin, output: silent, terminal: true });
  // A terminal that is closed meanwhile fails twice: when it is read, and when its echo is switched on again.
  const gone = new Promise<never>((_, reject) => lines.on('error', reject));
  gone.catch(() => undefined);
  // Prompt only now: readline has just switched the terminal's echo off, so the key will not be shown.
  prompt();
  // After Ctrl-Z readline leaves its input paused, and nothing would keep this process alive.
  lines.on('SIGCONT', () => {
    lines.resume();
    // Readline switches the terminal's echo off again only after this event.
    setImmediate(prompt);
  });
  try {
    const typed = Promise.race([lines.question('', { signal: context.stop }), gone]);
    return cleanKey(await typed.catch(leaveEmpty), 'the prompt');
  } finally {
    lines.close();
    context.out.stderr.write('\n');
  }
}

/** Handles Ctrl-C and Ctrl-D at the prompt, which reach readline, not the process. Errors: interrupted, hung_up. */
function leaveEmpty(cause: NodeJS.ErrnoException): never {
  const isGone = cause.code === 'EIO';
  if (cause.name !== 'AbortError' && !isGone) throw cause;
  throw new AppError(isGone ? 'hung_up' : 'interrupted', 'no key was typed; nothing was stored', { cause });
}
