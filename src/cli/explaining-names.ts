/** Ways of explaining a feature: from the names that people use to those of servers. */
const explanationTypes: ReadonlyMap<string, string> = new Map([
  ['max-act', 'np_max-act'],
  ['max-act-logits', 'np_max-act-logits'],
  ['token-act-pair', 'oai_token-act-pair'],
  ['eleuther', 'eleuther_acts_top20'],
]);

/** Ways of scoring an explanation, likewise. */
const scoreTypes: ReadonlyMap<string, string> = new Map([
  ['recall', 'recall_alt'],
  ['fuzz', 'eleuther_fuzz'],
  ['detection', 'eleuther_recall'],
  ['embedding', 'eleuther_embedding'],
]);

/** The names that people use. */
export const explanationNames = [...explanationTypes.keys()];
export const scoreNames = [...scoreTypes.keys()];

/** Passes on any name with an underscore, as all servers' names have one: servers may know more than these. */
function named(names: ReadonlyMap<string, string>, typed: string): string | undefined {
  return names.get(typed) ?? (typed.includes('_') ? typed : undefined);
}

/** Returns the server's name for a way of explaining; undefined for an unknown one. */
export function explanationType(typed: string): string | undefined {
  return named(explanationTypes, typed);
}

/** Returns the server's name for a way of scoring; undefined for an unknown one. */
export function scoreType(typed: string): string | undefined {
  return named(scoreTypes, typed);
}
