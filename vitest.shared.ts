import { defineConfig } from 'vitest/config';

/** Tests run on sources: no build first. Every package's `vitest.config.ts` starts from this. */
export const shared = defineConfig({
  resolve: { conditions: ['@huntly/source'] },
  ssr: { resolve: { conditions: ['@huntly/source'] } },
  test: {
    include: ['test/**/*.test.ts'],
    typecheck: { enabled: true, include: ['test/**/*.test-d.ts'] },
    reporters: ['default', 'json'],
    outputFile: { json: '.results/tests.json' },
    unstubEnvs: true,
  },
});
