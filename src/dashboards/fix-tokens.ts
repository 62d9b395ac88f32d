import type { Dashboard } from './dashboard.ts';

/** Replaces a token that no server takes. It is visible, and no vocabulary has it as a token. */
const replacement = '\ufffd';

/** Replaces empty tokens and NUL characters, which servers refuse, and counts the tokens replaced. It is deterministic. */
export function fixTokens(dashboard: Dashboard): { dashboard: Dashboard; fixed: number } {
  let fixed = 0;
  const fix = (token: string): string => {
    if (token !== '' && !token.includes('\0')) return token;
    fixed++;
    return token === '' ? replacement : token.replaceAll('\0', replacement);
  };
  const { activations, topLogits, bottomLogits } = dashboard;
  const logits = (list: NonNullable<typeof topLogits>) =>
    list.map(({ token, value }) => ({ token: fix(token), value }));
  const mended: Dashboard = {
    ...dashboard,
    activations: activations.map((activation) => ({ ...activation, tokens: activation.tokens.map(fix) })),
    ...(topLogits && { topLogits: logits(topLogits) }),
    ...(bottomLogits && { bottomLogits: logits(bottomLogits) }),
  };
  return { dashboard: fixed === 0 ? dashboard : mended, fixed };
}
