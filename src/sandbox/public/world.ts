import { ownerName, type SandboxUser } from '../accounts.ts';
import type { Answer } from '../answer.ts';
import { BUILT_IN_MODELS, type BuiltInModel } from '../models.ts';
import type { Call } from '../route.ts';
import { standIn } from '../stand-ins/completion.ts';
import type { Upstream } from '../steering/upstream.ts';

/** What a public server depends on besides its store. */
export interface World {
  models: readonly BuiltInModel[];
  upstream: Upstream;
  /** The display name of a user's id. */
  nameOf(id: string): string;
}

/** One endpoint of the public server. */
export type Handler = (call: Call, world: World) => Answer | Promise<Answer>;

/** The parts of a world that can be chosen. */
export interface WorldOptions {
  models?: readonly BuiltInModel[];
  users?: readonly SandboxUser[];
  upstream?: Upstream;
}

/** Makes the world of a sandbox. Defaults to the built-in models, and to the stand-in as its upstream. */
export function worldOf({ models = BUILT_IN_MODELS, users = [], upstream = standIn }: WorldOptions): World {
  const names = new Map(users.map(({ id, name }) => [id, name]));
  return { models, upstream, nameOf: (id) => names.get(id) ?? ownerName(id) };
}
