/** Every exit code and its meaning. Command help is made from these; a test checks the README's table against them. */
export const exitMeanings: Readonly<Record<number, string>> = {
  0: 'done, every row confirmed',
  1: 'a bug in this tool',
  2: 'usage',
  3: 'finished, but some rows were left out',
  4: 'no key, or the server refused it',
  5: 'server unreachable or failing, or output could not be written; progress is saved, run the same command again',
  6: 'input or preflight check failed; nothing was sent',
  7: '--verify, or the check of a finished job, found rows that are missing or different',
  8: 'paused at a quota or time limit; progress is saved, `resume_at` says when to go on',
  9: 'for some rows it is unknown whether the server has them, or has deleted them; they are listed',
  10: 'the server refused the request for good, or is no Neuronpedia server; or a row to delete is not yours',
  11: 'another run holds this job',
  12: 'the checkpoint belongs to other data, another server or another account, or cannot be written',
  129: 'interrupted; progress is saved',
  130: 'interrupted; progress is saved',
  138: 'interrupted; progress is saved',
  140: 'interrupted; progress is saved',
  143: 'interrupted; progress is saved',
};

/** Exit codes that any command can end with. */
const always = [0, 1, 2] as const;

/** The codes of commands that talk to a server and may be interrupted. */
export const ofServers = [4, 5, 10, 130] as const;

/** The codes of commands that upload. */
export const ofUploads = [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 130] as const;

/** Meanings for commands that neither upload nor delete. */
export const nothingSaved: Readonly<Record<number, string>> = {
  5: 'server unreachable or failing, or output could not be written',
  10: 'the server refused the request for good, or is no Neuronpedia server',
};

/** Returns the exit codes of a command with their meanings, in order; its `own` meanings take precedence. */
export function exitCodesOf(
  codes: readonly number[],
  own: Readonly<Record<number, string>> = {},
): readonly (readonly [code: number, meaning: string])[] {
  const all = [...new Set([...always, ...codes])].sort((a, b) => a - b);
  return all.map((code) => [code, (own[code] ?? exitMeanings[code] ?? '').replaceAll('`', '')]);
}
