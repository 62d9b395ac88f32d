export type { Tier } from './accounts.ts';
export { type Sandbox, type SandboxOptions, startSandbox } from './server.ts';
export { openStore, type Store } from './store/store.ts';
