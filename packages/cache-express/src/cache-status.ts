import type { Reason } from './storable.ts';

/** What the cache did with a request, in the words of RFC 9211. */
export type CacheOutcome =
  | { readonly kind: 'hit'; readonly ttlMs: number; readonly isCollapsed: boolean }
  | {
      readonly kind: 'miss';
      readonly isUriKnown: boolean;
      readonly status: number;
      readonly isStored: boolean;
      readonly detail?: Reason;
    }
  | {
      readonly kind: 'forward';
      readonly why: 'bypass' | 'method' | 'request' | 'uri-miss';
      readonly detail?: Reason;
    };

/** One member of the `Cache-Status` list. Never the key, which may hold private data. */
export function cacheStatus(name: string, outcome: CacheOutcome): string {
  switch (outcome.kind) {
    case 'hit': {
      const ttl = `ttl=${Math.floor(outcome.ttlMs / 1000)}`; // negative when stale. §2.4
      // A response that was fetched for another request that waited alike is no hit. §2.6
      return outcome.isCollapsed ? `${name}; fwd=uri-miss; ${ttl}; collapsed` : `${name}; hit; ${ttl}`;
    }
    case 'miss': {
      const why = outcome.isUriKnown ? 'uri-miss' : 'miss';
      const stored = outcome.isStored ? '; stored' : '';
      return `${name}; fwd=${why}; fwd-status=${outcome.status}${stored}${detail(outcome.detail)}`;
    }
    case 'forward':
      return `${name}; fwd=${outcome.why}${detail(outcome.detail)}`;
  }
}

function detail(reason: Reason | undefined): string {
  return reason === undefined ? '' : `; detail=${reason}`;
}
