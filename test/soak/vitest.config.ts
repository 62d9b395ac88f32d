import { defineConfig } from 'vitest/config';

// Hours rather than minutes are nothing unusual here: SOAK_KILLS says how many.
export default defineConfig({
  test: {
    dir: import.meta.dirname,
    include: ['**/*.soak.ts'],
    testTimeout: 6 * 3_600_000,
    hookTimeout: 120_000,
    disableConsoleIntercept: true,
  },
});
