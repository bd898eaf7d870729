// Tests of every package, from turbo's cache where nothing changed: `npm test`. Arguments go to turbo:
// `npm test -- --force`, `npm test -- --filter=@huntly/cache-core`.
import { contractCases, testResults } from './results.mjs';
import { run } from './run.mjs';

const args = process.argv.slice(2);
const quiet = ['--output-logs=new-only', '--log-order=grouped', '--log-prefix=none'];
process.exitCode = await run('turbo', ['run', 'test', '--continue=always', ...quiet, ...args]);

if (args.length === 0) {
  for (const { name, passed, failed, skipped } of testResults()) {
    if (name === 'stress') continue; // of another command
    const details = [`${passed} passed`, failed > 0 && `${failed} failed`, skipped > 0 && `${skipped} skipped`];
    console.log(`${name.padEnd(28)} ${details.filter(Boolean).join(', ')}`);
  }
  for (const [store, cases] of contractCases()) console.log(`Store contract, ${cases} cases on: ${store}`);
}
