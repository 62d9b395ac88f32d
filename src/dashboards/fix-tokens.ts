import type { Dashboard } from './dashboard.ts';

/** What stands for a token that no server takes: it can be seen, and is no token of any vocabulary's own. */
const replacement = '\ufffd';

/** A dashboard that servers take: empty tokens and NUL characters replaced, counted by token. Same text in, same out. */
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
