import { type CompletedCommand, type CompletedOption, completedEverywhere, type Value } from './words.ts';

/**
 * Returns a completion script for bash 3.2 (that of macOS) and later, which needs no bash-completion. If it offers
 * nothing, bash completes file names; `compopt`, from bash 4 on, prevents that where no file can be meant.
 */
export function bashScript(commands: readonly CompletedCommand[]): string {
  const everywhere = completedEverywhere();
  const names = commands.map(({ name }) => name);
  return `# Completes neuronpedia in bash; made by: neuronpedia completion bash
_neuronpedia() {
  local IFS=$' \\t\\n' word=\${COMP_WORDS[COMP_CWORD]} before= at=$((COMP_CWORD - 1)) command= words= i
  # bash splits --option=value into three words; the bash of macOS keeps it as one.
  if [[ $word == --*=* ]]; then before=\${word%%=*} word=\${word#*=}
  else
    [[ $word != = && \${COMP_WORDS[at]} == = ]] && at=$((at - 1))
    # A --metadata KEY=VALUE has another = of its own.
    [[ $word == = || \${COMP_WORDS[at+1]} == = ]] && [[ \${COMP_WORDS[at]} != -* && at -gt 1 ]] && at=$((at - 1))
    [[ $word == = ]] && word=
    before=\${COMP_WORDS[at]}
  fi
  COMPREPLY=()
  case $before in
${valueCases([...commands.flatMap(({ options }) => options), ...everywhere])}
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      ${names.join('|')}) command=\${COMP_WORDS[i]}; break ;;
    esac
  done
  if [[ $word == -* ]]; then
    case $command in
${commands
  .filter(({ options }) => options.length > 0)
  .map(({ name, options }) => `      ${name}) words='${flags(options)}' ;;`)
  .join('\n')}
    esac
    COMPREPLY=($(compgen -W "$words ${flags(everywhere)}" -- "$word"))
    return
  fi
  case $command in
    '') COMPREPLY=($(compgen -W '${names.join(' ')}' -- "$word")) ;;
${commands.map(({ name, argument }) => `    ${name}) ${offer(argument)} ;;`).join('\n')}
  esac
}
complete -o default -F _neuronpedia neuronpedia`;
}

const flags = (options: readonly CompletedOption[]) => options.map(({ flag }) => flag).join(' ');

/** Writes one case for all options whose values are completed alike. */
function valueCases(options: readonly CompletedOption[]): string {
  const alike = new Map<string, Set<string>>();
  for (const { flag, value } of options) {
    if (value) alike.set(offer(value), (alike.get(offer(value)) ?? new Set()).add(flag));
  }
  return [...alike].map(([offered, flags]) => `    ${[...flags].join('|')}) ${offered}; return ;;`).join('\n');
}

/** Returns code that fills COMPREPLY, leaves it to bash's completion of files, or switches that off. */
function offer(value: Value | undefined): string {
  if (value?.kind === 'words') return `COMPREPLY=($(compgen -W '${value.words.join(' ')}' -- "$word"))`;
  return value && value.kind !== 'free' ? ':' : 'compopt +o default 2>/dev/null';
}
