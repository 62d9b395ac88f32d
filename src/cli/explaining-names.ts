/** Ways of explaining a feature, by the names that people use, to those that servers have for them. */
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

/** What people call them. */
export const explanationNames = [...explanationTypes.keys()];
export const scoreNames = [...scoreTypes.keys()];

/** Servers may know more than these; their names all have an underscore. */
function named(names: ReadonlyMap<string, string>, typed: string): string | undefined {
  return names.get(typed) ?? (typed.includes('_') ? typed : undefined);
}

/** A server's name for a way of explaining; undefined where it is none. */
export function explanationType(typed: string): string | undefined {
  return named(explanationTypes, typed);
}

/** A server's name for a way of scoring; undefined where it is none. */
export function scoreType(typed: string): string | undefined {
  return named(scoreTypes, typed);
}
