/** Settings of a steering request where none are given. */
export const steeringDefaults = { tokens: 48, temperature: 0.5, seed: 16, multiplier: 1 } as const;

/** What the public server accepts, both ends included. */
export const steeringLimits = {
  tokens: [1, 256],
  temperature: [0, 2],
  seed: [-100_000_000, 100_000_000],
  multiplier: [0, 20],
} as const;

/** The two ways in which a server adds a direction to the residual stream. */
export const steerMethods = ['SIMPLE_ADDITIVE', 'ORTHOGONAL_DECOMP'] as const;
