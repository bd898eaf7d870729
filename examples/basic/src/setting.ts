import { type CacheTypeOptions, createCache, memoryStore } from '@huntly/cache-core';
import { FakeClock } from '@huntly/cache-core/testing';

/** What an example tells. */
export type Print = (line: string) => void;

/** A cache of one type in virtual time: an example takes no longer than it needs, and prints the same each time. */
export function setting<V = string>(lead: CacheTypeOptions<V>) {
  const clock = new FakeClock();
  const open = () => createCache({ types: { lead }, store, clock, logger: false, random: () => 0 });
  const store = memoryStore({ clock });
  const cache = open();
  return { clock, cache, leads: cache.type('lead'), other: open().type('lead') };
}
