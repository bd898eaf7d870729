import { createCache } from '@huntly/cache-core';
import { redisStore } from '@huntly/cache-redis';
import { serveFleet } from '@huntly/cache-testing';

export interface Lead {
  readonly name: string;
  readonly employees: number;
}

/** What one worker has done so far. */
export interface Count {
  readonly loads: number;
  readonly fromCopies: number;
}

const LEAD = 7;

/** One of several processes of a service: a cache with copies of its own, on the Redis of all. */
serveFleet(() => {
  const open = (url: string) =>
    createCache({
      namespace: 'fleet',
      types: { lead: { ttl: '10m' } },
      store: redisStore({ url }),
      local: true, // copies in this process, which follow what Redis announces
      storeBudget: '5s', // by default 50 ms, after which a worker would load by itself: five processes that start at once are slow
      logger: false,
    });
  let cache: ReturnType<typeof open>;
  /** The source of this example, told by the main process; in a service it is the database. */
  let employees = 0;

  return {
    async open({ url }: { url: string }): Promise<void> {
      cache = open(url);
      await cache.ready();
      await cache.barrier(); // from here on announcements arrive
    },
    setSource(value: number): void {
      employees = value;
    },
    /** Many callers at once; each of them gets the same. */
    async read(callers: number): Promise<Lead> {
      const load = async (): Promise<Lead> => {
        await new Promise((resolve) => setTimeout(resolve, 200)); // a slow source
        return { name: 'Ada Byron', employees };
      };
      const read = () => cache.type('lead').getOrSet(LEAD, load) as Promise<Lead>;
      const [first, ...others] = await Promise.all(Array.from({ length: callers }, read));
      if (first === undefined) throw new Error('nobody asked');
      if (others.some((other) => other.employees !== first.employees)) throw new Error('callers got different leads');
      return first;
    },
    async invalidate(): Promise<void> {
      await cache.type('lead').invalidate(LEAD);
    },
    /** Waits for every announcement that was sent before. */
    async catchUp(): Promise<void> {
      await cache.barrier();
    },
    count(): Count {
      const { loads = 0, localHits = 0 } = cache.stats()['lead'] ?? {};
      return { loads, fromCopies: localHits };
    },
    async close(): Promise<void> {
      await cache.close();
    },
  };
});
