import { didYouMean } from '../../closest.ts';
import { AppError } from '../../errors.ts';
import { bashScript } from '../completion/bash.ts';
import { fishScript } from '../completion/fish.ts';
import { type CompletedCommand, completedCommands } from '../completion/words.ts';
import { zshScript } from '../completion/zsh.ts';
import type { CommandContext } from '../context.ts';

const scripts: ReadonlyMap<string, (commands: readonly CompletedCommand[]) => string> = new Map([
  ['bash', bashScript],
  ['zsh', zshScript],
  ['fish', fishScript],
]);

/** `completion SHELL`: prints a script with which the shell completes this tool's command lines. */
export async function run({ args, out, commands }: CommandContext): Promise<number> {
  const [shell] = args as [string];
  const script = scripts.get(shell)?.(completedCommands(commands));
  if (script === undefined) {
    throw new AppError('usage', 'completion is for one of the shells bash, zsh and fish', {
      hints: [...didYouMean(shell, [...scripts.keys()]), 'for example neuronpedia completion bash'],
    });
  }
  for (const line of script.split('\n')) out.result(line);
  out.document({ type: 'completion', shell, script });
  return 0;
}
