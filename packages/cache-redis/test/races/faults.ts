import { buildKey, type LeaseReply, logKey, type Store, type StoreKey } from '@huntly/cache-core';
import type { RedisClient } from '../../src/connection/client.ts';
import type { RedisLease } from '../../src/protocol/leases.ts';

/** Guards of the protocol, each taken away by a wrapper around the real store. */
export const FAULTS = {
  /** A load stores its value whether or not its lease is still there. */
  fillWithoutLease: (store) => ({
    fill: async (lease, entry) => {
      const options = { ttlMs: 10_000, tags: entry.tags, byForce: true };
      const reply = await store.lease(lease.key, options);
      return reply.kind === 'granted' ? store.fill(reply.lease, entry) : 'refused';
    },
  }),
  /** The place in the invalidation log is noted after the load, so that what was invalidated meanwhile is not found. */
  lateMark: (store) => ({
    fill: async (lease, entry) => {
      const { mark } = await leaseTaken(store, lease as RedisLease);
      return store.fill({ ...lease, mark } as RedisLease, entry);
    },
  }),
  /** A log that was lost counts as one in which nothing stands. */
  lostLogIsEmpty: (store, client) => ({
    fill: async (given, entry) => {
      const lease = given as RedisLease;
      const { id, token } = lease.mark;
      const [noted] = await client.xrange(logKey(lease.key.scope.namespace), id, id);
      if (noted?.[1].includes(token)) return store.fill(lease, entry);
      const { mark } = await leaseTaken(store, lease);
      return store.fill({ ...lease, mark } as RedisLease, entry);
    },
  }),
  /** Nonces are sampled after the load: they are those of after an invalidation. */
  lateNonces: (store) => ({
    fill: async (lease, entry) => {
      const { nonces } = await leaseTaken(store, lease as RedisLease);
      return store.fill({ ...lease, nonces } as RedisLease, entry);
    },
  }),
  /** Invalidating a key removes the value and leaves the lease of a load that runs. */
  keptLease: (_store, client) => ({
    invalidate: async (targets) => {
      const keys = targets.flatMap((target) => (target.kind === 'key' ? [target.key.text] : []));
      return { removed: keys.length > 0 ? await client.unlink(keys) : 0 };
    },
  }),
  /** A sweep removes values and leaves the leases of loads that run. */
  sweptValuesOnly: (_store, client) => ({
    sweep: async (pattern) => {
      const [, names] = await client.scan('0', 'MATCH', pattern.keyGlob, 'COUNT', 1_000);
      return names.length > 0 ? client.unlink(names) : 0;
    },
  }),
} satisfies Record<string, (store: Store, client: RedisClient) => Partial<Store>>;

export type FaultName = keyof typeof FAULTS;

/** A store without one of its guards. `client` reaches the same server. */
export function faultyStore(store: Store, fault: FaultName, client: RedisClient): Store {
  const broken: Partial<Store> = FAULTS[fault](store, client);
  return new Proxy(store, {
    get(target, name) {
      const method: unknown = Reflect.get(name in broken ? broken : target, name);
      return typeof method === 'function' ? method.bind(target) : method;
    },
  });
}

let leasesTaken = 0;

/** What a lease that is taken now would hold for the same tags: that of a key nobody else uses. */
async function leaseTaken(store: Store, { key, nonces }: RedisLease): Promise<RedisLease> {
  const nobodys: StoreKey = { ...key, text: buildKey(key.scope, `nobody-${process.pid}-${++leasesTaken}`) };
  const reply: LeaseReply = await store.lease(nobodys, { ttlMs: 1_000, tags: [...nonces.keys()] });
  if (reply.kind !== 'granted') throw new Error(`A lease nobody else asks for was not granted: ${reply.kind}.`);
  await store.release(reply.lease);
  return reply.lease as RedisLease;
}
