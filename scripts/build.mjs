// Builds the published packages, from turbo's cache where nothing changed; says more only if that fails. Arguments go to
// turbo: `npm run build -- --force`.
import { capture } from './run.mjs';

const start = performance.now();
const { ok, output } = await capture('turbo', [
  'run',
  'build',
  '--filter=./packages/*',
  '--output-logs=errors-only',
  '--log-prefix=none',
  ...process.argv.slice(2),
]);
if (!ok) {
  console.error(output);
  process.exit(1);
}
console.log(`Packages built in ${((performance.now() - start) / 1000).toFixed(1)} s.`);
