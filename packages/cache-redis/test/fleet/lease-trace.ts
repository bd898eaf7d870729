import type { Store } from '@huntly/cache-core';

/** When a lease was asked for, and what came of it; when a release was answered. By the clock that all processes share. */
export type LeaseStep =
  | { readonly kind: 'granted' | 'busy' | 'filled'; readonly key: string; readonly askedAt: bigint }
  | { readonly kind: 'released'; readonly key: string; readonly askedAt: bigint; readonly answeredAt: bigint };

/** Notes what the store is asked about leases. */
export function traceLeases(store: Store, note: (step: LeaseStep) => void): void {
  const lease = store.lease.bind(store);
  const release = store.release.bind(store);
  store.lease = async (key, options, call) => {
    const askedAt = process.hrtime.bigint();
    const reply = await lease(key, options, call);
    note({ kind: reply.kind, key: key.text, askedAt });
    return reply;
  };
  store.release = async (held, options, call) => {
    const askedAt = process.hrtime.bigint();
    await release(held, options, call);
    note({ kind: 'released', key: held.key.text, askedAt, answeredAt: process.hrtime.bigint() });
  };
}
