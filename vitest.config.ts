import { defineConfig } from 'vitest/config';

/** For one test file from the root (`npx vitest run packages/cache-core/test/keys`) and for `npm run coverage`. */
export default defineConfig({
  test: {
    projects: ['packages/*', 'examples/*'],
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      reporter: ['text', 'html', 'json-summary'],
    },
  },
});
