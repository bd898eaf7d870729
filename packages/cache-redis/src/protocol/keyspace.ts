import { leaseKey as leaseKeyIn, type StoreKey } from '@huntly/cache-core';

/** The lease of one value: `docs/keys.md` has the grammar, `@huntly/cache-core` builds all names. */
export function leaseKey({ text, scope }: StoreKey): string {
  return leaseKeyIn(scope, text);
}
