import { type Env, serverSetting } from '../config/folders.ts';
import type { CommandContext } from './context.ts';
import type { OptionValues } from './options.ts';
import { shellWord } from './shell-word.ts';

/** Returns a command line in the forms in which it is shown and recorded; `folder` is the one it was typed in. */
export function typedCommand(
  argv: readonly string[],
  options: OptionValues,
  env: Env,
  folder: string,
): Pick<CommandContext, 'command' | 'goOn' | 'typed'> {
  const toRepeat = (words: readonly string[]) => commandToRepeat(words, options, env);
  const typed = { words: argv, folder, isPart: options.features !== undefined };
  return { command: toRepeat(argv), goOn: toRepeat(withoutFreshStart(argv, options)), typed };
}

/** Returns the command as typed, with the server from the environment, so that it reaches the same one elsewhere too. */
function commandToRepeat(words: readonly string[], options: OptionValues, env: Env): string {
  const server = serverSetting(env);
  const isNamed = options.apiUrl !== undefined || options.sandbox || options.sandboxPublic || !server;
  return ['neuronpedia', ...words, ...(isNamed ? [] : ['--api-url', server])].map(shellWord).join(' ');
}

/** Leaves out what would throw away the progress made by the run that it was given to, or take the lock of its successor. */
function withoutFreshStart(words: readonly string[], { restart, forceUnlock }: OptionValues): readonly string[] {
  const given = [restart && '--restart', forceUnlock && '--force-unlock'];
  return words.filter((word) => !given.includes(word));
}
