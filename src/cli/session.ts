import { type Connection, connect } from '../api/connect.ts';
import type { Http } from '../api/http.ts';
import { cleanKey } from '../api/key.ts';
import { type ConnectOptions, openServer } from '../api/open-server.ts';
import { defaultServer, loginAt, parseServerUrl } from '../api/server-url.ts';
import { foldersOf, serverSetting } from '../config/folders.ts';
import { findKey } from '../config/keys.ts';
import { AppError } from '../errors.ts';
import type { Own } from '../library/close-after.ts';
import { present } from '../present.ts';
import type { CommandContext } from './context.ts';
import { behaviour, sandboxFolder, startEmbedded } from './embedded.ts';
import { urlElsewhere } from './id.ts';
import type { OptionValues } from './options.ts';
import { shellWord } from './shell-word.ts';

/** The server that a command talks to, and how it was chosen. */
export interface Session {
  readonly url: string;
  /** What to call the server in messages. */
  readonly name: string;
  /** Where the key came from, for messages; undefined if there is none. */
  readonly keyFrom: string | undefined;
  /** Whether the server runs inside this process, so that its address is of no use to others. */
  readonly embedded: boolean;
  /** Returns what to print for something on the server: its URL, or the bare id if the server ends with this process. */
  idOrUrl(id: string): string;
  /** Asks the server who it is. Errors: no_key, and those of connecting. */
  connect(): Promise<Connection>;
  /** Opens a connection with the key, if there is one, without asking the server anything. */
  open(): Http;
  close(): Promise<void>;
}

/**
 * Chooses the server by options and environment; starts the embedded one if it was asked for. `ids` are arguments that
 * may be URLs: warns if one of them is on another host.
 */
export async function openSession(context: CommandContext, ids: readonly string[] = []): Promise<Session> {
  const { sandbox, sandboxPublic } = context.options;
  const chosen = await (sandbox || sandboxPublic ? chooseSandbox(context) : chooseByAddress(context));
  tellOtherHosts(context, chosen, ids);
  return session(context, chosen);
}

async function chooseByAddress(context: CommandContext): Promise<Chosen> {
  const { origin, pathname } = parseServerUrl(serverUrl(context), context.options.insecure ?? false);
  const url = origin + pathname.replace(/\/+$/, '');
  const found = await findKey(origin, context.env, foldersOf(context.env).config);
  if (found?.announce) context.out.note(`using the key in ${found.from} for ${origin}`);
  const { key } = found ? { key: cleanKey(found.key, found.from) } : { key: undefined };
  const close = async () => undefined;
  return { url, name: url, key, keyFrom: found?.from, embedded: false, close };
}

/** A session that is connected to its server. */
export interface SignedIn {
  readonly session: Session;
  readonly connection: Connection;
}

/** Returns a function that runs `before` and signs in, on its first call only: files are read before a server is asked. */
export function signingIn(context: CommandContext, own: Own, before: () => Promise<void>): () => Promise<SignedIn> {
  let signedIn: Promise<SignedIn> | undefined;
  const signIn = async () => {
    await before();
    const session = own(await openSession(context));
    return { session, connection: own(await session.connect()) };
  };
  return () => {
    signedIn ??= signIn();
    return signedIn;
  };
}

/** Returns the server's address: from the option, else the environment, else that of the public server. */
export function serverUrl(context: CommandContext): string {
  return context.options.apiUrl ?? serverSetting(context.env) ?? defaultServer;
}

async function chooseSandbox(context: CommandContext): Promise<Chosen> {
  const { apiUrl, sandbox: withProtocol, sandboxPublic = false } = context.options;
  if ([apiUrl !== undefined, withProtocol, sandboxPublic].filter(Boolean).length > 1) {
    throw new AppError('usage', '--sandbox, --sandbox-public and --api-url name different servers', {
      hints: ['use only one of them'],
    });
  }
  const dataDir = sandboxFolder(foldersOf(context.env), sandboxPublic);
  const sandbox = await startEmbedded(context.env, { dataDir, public: sandboxPublic });
  context.out.note(`sandbox: embedded server ${behaviour(sandboxPublic)}, data in ${dataDir}`);
  const { url, apiKey: key } = sandbox;
  const name = sandboxPublic ? 'embedded public sandbox' : 'embedded sandbox';
  const close = () => sandbox.close();
  return { url, name, key, keyFrom: "the sandbox's own", embedded: true, close };
}

interface Chosen extends Pick<Session, 'url' | 'name' | 'keyFrom' | 'embedded' | 'close'> {
  readonly key: string | undefined;
}

/** Warns if an id is a URL on another host: it is looked for on the chosen server all the same. */
function tellOtherHosts({ out }: CommandContext, { url, name }: Chosen, ids: readonly string[]): void {
  const other = urlElsewhere(url, ids);
  if (other)
    out.warn(
      `${other.text} is on another host, but is looked up at ${name}; to look it up on its own host, add --api-url ${other.origin}`,
    );
}

function session(context: CommandContext, chosen: Chosen): Session {
  const { key, ...rest } = chosen;
  if (key !== undefined) context.out.hide(key);
  const options = {
    ...connectOptions(context, chosen.url, key),
    name: chosen.name,
    words: serverWords(context.options, chosen.url),
    ...present({ keyFrom: chosen.keyFrom }),
  };
  return {
    ...rest,
    idOrUrl: (id) => (chosen.embedded ? id : `${chosen.url}/${id}`),
    connect: () => {
      if (key !== undefined) return connectUntil(context, options);
      const { origin } = new URL(chosen.url);
      throw new AppError('no_key', `no API key for ${origin}`, {
        hints: [
          `make one at ${origin}/settings, then: ${loginAt(origin)}, or set NEURONPEDIA_API_KEY`,
          'to try without an account, add --sandbox',
        ],
      });
    },
    open: () => {
      const http = openServer(options);
      context.abort.addEventListener('abort', () => http.close(), { once: true });
      return http;
    },
  };
}

/** Connects; `stop` ends that at once, as nothing is half done yet. `abort` closes the connection, whatever is in flight. */
export async function connectUntil({ stop, abort }: CommandContext, options: ConnectOptions): Promise<Connection> {
  const connection = await connect({ ...options, signal: stop });
  abort.addEventListener('abort', () => connection.close(), { once: true });
  return connection;
}

/** Returns the options by which the command line named its server. */
function serverWords({ apiUrl, sandbox, sandboxPublic, insecure }: OptionValues, url: string): string {
  if (sandbox) return '--sandbox';
  if (sandboxPublic) return '--sandbox-public';
  return apiUrl === undefined ? '' : `--api-url ${shellWord(url)}${insecure ? ' --insecure' : ''}`;
}

/** Returns the options for connections of this invocation. */
export function connectOptions(context: CommandContext, url: string, key: string | undefined) {
  return {
    url,
    key,
    userAgent: `neuronpedia-cli/${context.version}`,
    insecure: context.options.insecure ?? false,
    env: context.env,
    onSilence: (line: string) => context.out.note(line),
    onExchange: (line: string) => context.out.detail(line),
  };
}
