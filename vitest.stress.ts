import { mergeConfig } from 'vitest/config';
import { setupFile, shared } from './vitest.shared.ts';

/**
 * `npm run stress`: what takes too long for `npm test`, such as storms over several processes and minutes of faults. One
 * file at a time, since each of them fills the machine.
 */
export default mergeConfig(shared, {
  test: {
    include: ['packages/*/test/**/*.stress.ts', 'examples/*/test/**/*.stress.ts'],
    setupFiles: [setupFile('vitest.process.ts')],
    typecheck: { enabled: false },
    fileParallelism: false,
    outputFile: { json: '.results/stress.json' },
    testTimeout: 600_000,
  },
});
