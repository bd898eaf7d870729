import { fileURLToPath } from 'node:url';
import { defineConfig, mergeConfig } from 'vitest/config';

/** Tests run on sources: no build first. Every `vitest.config.ts` of the workspace starts from this. */
export const shared = defineConfig({
  resolve: { conditions: ['@huntly/source'] },
  ssr: { resolve: { conditions: ['@huntly/source'] } },
  test: {
    include: ['test/**/*.test.ts'],
    typecheck: { enabled: true, include: ['test/**/*.test-d.ts'] },
    reporters: ['default', 'json'],
    outputFile: { json: '.results/tests.json' },
    unstubEnvs: true,
    testTimeout: 60_000, // no test measures time; on a crowded machine honest work takes long
    hookTimeout: 180_000, // the first to need a server may have to install it
  },
});

/** For everything under `packages/`: a library does not write to the console, so a test that makes it do so fails. */
export const sharedForPackages = mergeConfig(
  shared,
  defineConfig({ test: { setupFiles: [setupFile('vitest.quiet.ts'), setupFile('vitest.process.ts')] } }),
);

/** Of the workspace, by its name. */
export function setupFile(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
