/** The tiers of the daily quota. */
export type Tier = 'free' | 'research' | 'bulk';

/** The user that a key belongs to, and what that user may do. */
export interface Account {
  id: string;
  name: string;
  tier: Tier;
  privateUploads: boolean;
  mayUpload: boolean;
  /** Whether the user has saved keys of model providers. The public kind explains and scores only for such users. */
  providerKeys: boolean;
}

/** The key that the `--sandbox` flags use. */
export const DEFAULT_KEY = 'sandbox-bulk';

/** The owner of everything that no user made: built-in models and the sources that hold vectors. */
export const PLATFORM_ID = 'clkht01d40000jv08hvalcvly';

/** A user in addition to the fixed ones. */
export type SandboxUser = { key: string } & Pick<Account, 'id' | 'name'> & Partial<Account>;

/** Returns the accounts by key: one user per fixed key, plus `users`. `tier` applies to the default key's user. */
export function accountsByKey(tier: Tier, users: readonly SandboxUser[] = []): Map<string, Account> {
  const plain = { tier: 'free', privateUploads: false, mayUpload: true, providerKeys: false } as const;
  const account = (name: string, of: Partial<Account>): [string, Account] => [
    `sandbox-${name}`,
    { id: `user_${name}`, name, ...plain, ...of },
  ];
  const more = users.map(({ key, ...of }): [string, Account] => [key, { ...plain, ...of }]);
  return new Map([
    account('free', {}),
    account('research', { tier: 'research' }),
    account('bulk', { tier }),
    account('paid', { tier: 'research', privateUploads: true }),
    account('readonly', { mayUpload: false }),
    ...more,
  ]);
}

/** The account that owns the activations uploaded with a row. */
export const ACTIVATIONS_OWNER_ID = 'clsxqq2xd0000vvp2k5itlhqj';

/** Returns the display name for an owner's id. */
export function ownerName(id: string): string {
  return id === PLATFORM_ID ? 'Neuronpedia' : id.replace(/^user_/, '');
}
