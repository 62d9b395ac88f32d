import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// By itself vitest leaves a core idle; a soak waits for its children for half of its time.
export default defineConfig({
  test: {
    dir: import.meta.dirname,
    include: ['**/*.soak.ts'],
    disableConsoleIntercept: true,
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
  },
});
