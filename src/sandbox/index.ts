export type { SandboxUser, Tier } from './accounts.ts';
export type { BuiltInModel } from './models.ts';
export { type Sandbox, type SandboxOptions, startSandbox } from './server.ts';
export type { CompletionRequest, Upstream } from './steering/upstream.ts';
