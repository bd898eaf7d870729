import type { Clock } from '../clock.ts';
import type { Store, StoreReport, StoreStatus } from '../store/store.ts';

export interface CacheHealth {
  /** `warn`: the store does not answer, so everything is loaded from the source. A cache alone never makes it `fail`. */
  readonly status: 'pass' | 'warn';
  readonly store: StoreStatus;
  /** How long the store took to report; `undefined` if it did not. */
  readonly latencyMs: number | undefined;
  readonly report: StoreReport | undefined;
}

/** Never rejects. */
export async function checkHealth(store: Store, clock: Clock): Promise<CacheHealth> {
  const askedAt = clock.now();
  const report = await store.report().catch(() => undefined);
  const latencyMs = report && Math.round((clock.now() - askedAt) * 100) / 100;
  const status = store.status();
  return { status: report && status.state === 'ready' ? 'pass' : 'warn', store: status, latencyMs, report };
}
