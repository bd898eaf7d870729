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
  const isAnswered = health?.latencyMs !== undefined;
  const checks: Record<string, readonly Measurement[]> = {
    [`${kind}:responseTime`]: [
      {
        componentType: 'datastore',
        observedValue: health?.latencyMs ?? found?.tookMs ?? 0,
        observedUnit: 'ms',
        status: isAnswered ? 'pass' : 'fail',
        time,
        ...(isAnswered ? {} : { output: 'no answer in time' }),
      },
    ],
  };
  if (health) {
    const isReady = health.store.state === 'ready';
    checks[`${kind}:connection`] = [
      { componentType: 'datastore', observedValue: health.store.state, status: isReady ? 'pass' : 'fail', time },
    ];
  }
  const { entries, bytes } = health?.report ?? {};
  if (entries !== undefined) checks[`${kind}:entries`] = [count(entries, 'count', time)];
  if (bytes !== undefined) checks[`${kind}:size`] = [count(bytes, 'bytes', time)];
  const notes = status === 'pass' ? [] : ['the cache does not answer: responses come from the source'];
  return { status, version: '1', ...about, ...(notes.length > 0 ? { notes } : {}), checks };
}

function count(observedValue: number, observedUnit: string, time: string): Measurement {
  return { componentType: 'datastore', observedValue, observedUnit, status: 'pass', time };
}
