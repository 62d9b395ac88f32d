import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// By default vitest leaves a core idle, and a soak spends half of its time waiting for its children.
export default defineConfig({
  test: {
    dir: import.meta.dirname,
    include: ['**/*.soak.ts'],
    disableConsoleIntercept: true,
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
  },
});
