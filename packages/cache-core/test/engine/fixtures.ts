import { vi } from 'vitest';
import { type CacheTypeOptions, createCache, type LoaderContext, memoryStore, type Store } from '../../src/index.ts';
import { FakeClock } from '../../src/testing/index.ts';

/** Caches of one type on one store, as two processes would have them, in virtual time. Nothing shortens a TTL. */
export function fleet<V = string>(lead: CacheTypeOptions<V>, wrap: (store: Store) => Store = (store) => store) {
  const clock = new FakeClock();
  const store = wrap(memoryStore({ clock }));
  const open = () => {
    const cache = createCache({ types: { lead }, store, clock, logger: false, random: () => 0 });
    return { cache, leads: cache.type('lead'), stats: () => cache.stats().lead };
  };
  return { clock, store, one: open(), two: open() };
}

/** A loader that a test lets go when it likes, one call after another. */
export function heldLoader<V = string>() {
  const calls: { resolve: (value: V) => void; reject: (error: unknown) => void; context: LoaderContext<V> }[] = [];
  const load = vi.fn(
    (context: LoaderContext<V>) =>
      new Promise<V>((resolve, reject) => {
        calls.push({ resolve, reject, context });
      }),
  );
  const call = (index: number) => {
    const found = calls[index];
    if (!found) throw new Error(`there was no call ${index}: ${calls.length} were made`);
    return found;
  };
  return { load, call };
}
