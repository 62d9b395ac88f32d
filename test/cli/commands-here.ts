import { join } from 'node:path';
import { queryStore } from '../sandbox/query-store.ts';
import type { Plan } from '../upload/fault-proxy.ts';
import { openLibraryBench } from '../upload/library-bench.ts';
import { runHere } from './in-process.ts';

/** Opens a sandbox behind a proxy that spoils what `plan` says, and runs commands against it in this process. */
export async function openCommands(plan?: Plan, isPublic = false) {
  const bench = await openLibraryBench(isPublic, plan);
  const env = {
    ...{ HOME: bench.folder, NEURONPEDIA_CONFIG_DIR: join(bench.folder, 'config') },
    ...{ NEURONPEDIA_STATE_DIR: bench.state, NEURONPEDIA_API_KEY: bench.sandbox.apiKey },
    NEURONPEDIA_API_URL: bench.proxy.url,
  };
  return {
    ...{ folder: bench.folder, state: bench.state },
    url: bench.proxy.url,
    runBare: (...args: string[]) => runHere(args, { env }),
    run: (args: string[], stop?: AbortSignal) =>
      runHere([...args, '--api-url', bench.proxy.url, '--json'], { env, ...(stop && { stop }) }),
    /** Counts the requests for a path. */
    asked: (path: string) => bench.proxy.seen.filter((request) => request.path === path).length,
    change: bench.change,
    /** Queries the store directly, whatever the server says. */
    query: (sql: string) => queryStore(join(bench.folder, 'data'), sql),
  };
}
