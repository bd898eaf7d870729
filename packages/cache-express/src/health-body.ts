import type { CacheHealth } from '@huntly/cache-core';

export type HealthStatus = 'pass' | 'warn' | 'fail';

/** One measurement, as in the draft of the health check response format (draft-inadarei-api-health-check-06). */
interface Measurement {
  readonly componentType: 'datastore' | 'component';
  readonly status: HealthStatus;
  readonly time: string;
  readonly observedValue?: number | string;
  readonly observedUnit?: string;
  /** Why it is not `pass`: a word of ours, never the message of an error. */
  readonly output?: string;
}

export interface HealthBody {
  readonly status: HealthStatus;
  readonly version?: string;
  readonly serviceId?: string | undefined;
  readonly description?: string | undefined;
  readonly notes?: readonly string[];
  readonly checks?: Readonly<Record<string, readonly Measurement[]>>;
}

interface Found {
  readonly health: CacheHealth | undefined;
  readonly atMs: number;
  readonly tookMs: number;
}

/** Everything that may be shown to whom details are allowed: no host, no key, no message of an error. */
export function healthBody(
  status: HealthStatus,
  found: Found | undefined,
  about: Pick<HealthBody, 'serviceId' | 'description'>,
): HealthBody {
  const health = found?.health;
  const kind = health?.report?.kind ?? 'store';
  const time = new Date(found?.atMs ?? 0).toISOString();
  const checks: Record<string, readonly Measurement[]> = {
    [`${kind}:responseTime`]: [responseTime(found, time)],
    ...(health ? { [`${kind}:connection`]: [connection(health, time)] } : {}),
    ...(health ? measured(kind, health, time) : {}),
    ...(health?.guard ? { 'cache:breaker': [breaker(health.guard.breaker.state, time)] } : {}),
  };
  const notes = health
    ? health.findings.map(({ code, message, remedy }) => `${code}: ${message} ${remedy}`)
    : ['The cache does not answer: responses come from the source.'];
  return { status, version: '1', ...about, ...(notes.length > 0 ? { notes } : {}), checks };
}

function responseTime(found: Found | undefined, time: string): Measurement {
  const health = found?.health;
  const base = { componentType: 'datastore', time } as const;
  if (health?.latencyMs !== undefined)
    return { ...base, observedValue: health.latencyMs, observedUnit: 'ms', status: 'pass' };
  // A store that is not connected was not asked: there is no time to tell.
  if (health && health.store.state !== 'ready') return { ...base, status: 'fail', output: 'not connected' };
  const tookMs = found?.tookMs ?? 0;
  return { ...base, observedValue: tookMs, observedUnit: 'ms', status: 'fail', output: 'no answer in time' };
}

function connection({ store }: CacheHealth, time: string): Measurement {
  const status = store.state === 'ready' ? 'pass' : 'fail';
  return { componentType: 'datastore', observedValue: store.state, status, time };
}

function breaker(state: string, time: string): Measurement {
  return { componentType: 'component', observedValue: state, status: state === 'closed' ? 'pass' : 'warn', time };
}

/** What the store says of itself; nothing of what it does not say. */
function measured(kind: string, { report }: CacheHealth, time: string): Record<string, readonly Measurement[]> {
  const found: Record<string, readonly Measurement[]> = {};
  const add = (name: string, value: number | undefined, unit: string) => {
    if (value !== undefined) found[`${kind}:${name}`] = [count(value, unit, time)];
  };
  add('entries', report?.entries, 'count');
  add('size', report?.bytes, 'bytes');
  add('evicted', report?.evictedPerSecond, 'per second');
  add('utilization', report?.memory?.usedRatio, 'ratio');
  add('connections', report?.clients?.connected, 'count');
  add('replicationLag', report?.replication?.lagSeconds, 's');
  add('hitRatio', report?.hitRatio, 'ratio');
  return found;
}

function count(observedValue: number, observedUnit: string, time: string): Measurement {
  return { componentType: 'datastore', observedValue, observedUnit, status: 'pass', time };
}
