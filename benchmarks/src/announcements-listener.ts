// The other process of announcements.ts: has a copy, and tells when an announcement has dropped it.
import { hrtime } from 'node:process';
import { type Announcement, createCache, type Store } from '@huntly/cache-core';
import { redisStore } from '@huntly/cache-redis';

/** Since an arbitrary moment, the same for all processes of this machine. */
export function nanoseconds(): number {
  return Number(hrtime.bigint());
}

if (process.send) await listen(JSON.parse(process.argv[2] ?? ''), process.send.bind(process));

async function listen(options: Parameters<typeof redisStore>[0], tell: (message: unknown) => void): Promise<void> {
  let hasCopy = false;
  const store = watched(redisStore(options), ({ kind }) => {
    if (kind !== 'keys' || !hasCopy) return;
    hasCopy = false;
    tell(nanoseconds());
  });
  const cache = createCache({ namespace: 'bench', types: { lead: { ttl: '1h' } }, store, local: true, logger: false });
  const leads = cache.type('lead');
  const read = async () => {
    do {
      await cache.barrier(); // the announcements of the change that made the value are behind us
      await leads.get('1');
      const before = cache.stats().lead.localHits;
      await leads.get('1');
      hasCopy = cache.stats().lead.localHits > before;
    } while (!hasCopy);
    tell('has a copy');
  };
  process.on('message', read);
  process.on('disconnect', () => void cache.close());
  await cache.ready();
  await read();
}

/** The store, whose announcements `heard` learns of once the cache has acted on them. */
function watched(store: Store, heard: (announcement: Announcement) => void): Store {
  const { announcements } = store;
  if (!announcements) throw new Error('a store without announcements');
  return new Proxy(store, {
    get(target, name) {
      if (name === 'announcements') {
        const announce: NonNullable<Store['announcements']> = (scopes, listener) =>
          announcements.call(target, scopes, (announcement) => {
            listener(announcement);
            heard(announcement);
          });
        return announce;
      }
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
