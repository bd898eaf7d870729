import { batches } from './features/batches.ts';
import { claims } from './features/claims.ts';
import { expire } from './features/expire.ts';
import { grace, staleIfError } from './features/grace.ts';
import { invalidation } from './features/invalidation.ts';
import { loaderContext } from './features/loader-context.ts';
import { negativeTtl } from './features/negative.ts';
import { force, signal, stale } from './features/reads.ts';
import { refreshAhead } from './features/refresh-ahead.ts';
import { oneLoad } from './features/stampede.ts';
import { hardTimeout, softTimeout } from './features/timeouts.ts';
import { codec, schema } from './features/values.ts';

const EXAMPLES = {
  'one load': oneLoad,
  invalidation,
  claims,
  grace,
  'stale if error': staleIfError,
  softTimeout,
  hardTimeout,
  refreshAhead,
  expire,
  negativeTtl,
  'loader context': loaderContext,
  stale,
  force,
  signal,
  batches,
  schema,
  codec,
};

for (const [name, example] of Object.entries(EXAMPLES)) {
  console.log(name);
  await example((line) => console.log(`  ${line}`));
}
