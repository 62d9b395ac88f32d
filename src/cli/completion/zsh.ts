import { type CompletedCommand, type CompletedOption, completedEverywhere, type Value } from './words.ts';

/** Returns a completion script for zsh, to be a file on `fpath` or evaluated after `compinit`. */
export function zshScript(commands: readonly CompletedCommand[]): string {
  return `#compdef neuronpedia
# Completes neuronpedia in zsh; made by: neuronpedia completion zsh
_neuronpedia() {
  local curcontext=$curcontext state
  local -a everywhere commands
  everywhere=(
${completedEverywhere().map(optionSpec).map(line(4)).join('\n')}
  )
  commands=(
${commands.map(({ name, summary }) => line(4)(`${name}:${summary}`)).join('\n')}
  )
  _arguments -C $everywhere '1: :->command' '*:: :->argument'
  case $state in
    (command) _describe -t commands command commands ;;
    (argument)
      curcontext=\${curcontext%:*:*}:neuronpedia-$words[1]:
      case $words[1] in
${commands.map(commandCase).join('\n')}
      esac
      ;;
  esac
}
if [[ $funcstack[1] == _neuronpedia ]]; then _neuronpedia "$@"; else compdef _neuronpedia neuronpedia; fi`;
}

function commandCase({ name, options, argument }: CompletedCommand): string {
  const operand = argument ? [`${argument.several ? '*' : '1'}:${ended(argument)}`] : [];
  const specs = [...options.map(optionSpec), ...operand].map(line(10)).map((spec) => ` \\\n${spec}`);
  return `        (${name}) _arguments $everywhere${specs.join('')} ;;`;
}

/** Formats an option for `_arguments`: its help in brackets, its value between colons. */
function optionSpec({ flag, help, repeatable, value }: CompletedOption): string {
  const text = help.replace(/[[\]\\]/g, '\\$&');
  // With `=` the value may follow directly or be the next word.
  return `${repeatable ? '*' : ''}${flag}${value ? '=' : ''}[${text}]${value ? `:${ended(value)}` : ''}`;
}

/** Returns the name of a value and the action that completes it; a blank completes nothing. */
function ended({ name, kind, words }: Value): string {
  const action = { words: `(${words.join(' ')})`, path: '_files', folder: '_files -/', free: ' ' }[kind];
  return `${name.replaceAll(':', '\\:')}:${action}`;
}

/** Returns a function that quotes and indents a word. */
function line(indent: number): (word: string) => string {
  return (word) => `${' '.repeat(indent)}'${word.replaceAll("'", "'\\''")}'`;
}
