import { escapeText } from './key.ts';
import { LEASE, namespacePrefix, POPULAR_SEARCHES, type Scope, TAG, wordOf } from './scope.ts';

// What stores write besides values. Their first word, after the namespace, is no name of a type, so none of them is a
// value.

/** What names a tag in a store; a type is the tag of its name. Injective over namespaces and tags. */
export function tagKey(namespace: string | undefined, tag: string): string {
  return `${namespacePrefix(namespace)}${TAG}:${escapeText(tag)}`;
}

/**
 * Is this a key that `tagKey` makes, of whatever namespace? For keys of ours: a key of another program may look alike.
 */
export function isTagKey(key: string): boolean {
  const end = key.indexOf(':');
  return end > 0 && wordOf(key, end) === TAG;
}

/**
 * The key of the lease of a value, or a glob over leases for a glob over values. In a Cluster it lives with its value:
 * the braces make the whole key of the value the hash tag, and no key of a value holds a brace.
 */
export function leaseKey({ namespace }: Scope, valueKey: string): string {
  return `${namespacePrefix(namespace)}${LEASE}:{${valueKey}}`;
}

/** The key, or glob, of the value that a lease is for. */
export function valueKeyOf(lease: string): string {
  return lease.slice(lease.indexOf('{') + 1, -1);
}

/** The log of invalidated tags of a namespace. Unlike every value and every tag it has no colon. */
export function logKey(namespace: string | undefined): string {
  return namespacePrefix(namespace) + TAG;
}

/** The ranking of search terms of a namespace, one for each half-life. */
export function rankingKey(namespace: string | undefined, halfLifeMs?: number): string {
  const key = namespacePrefix(namespace) + POPULAR_SEARCHES;
  return halfLifeMs === undefined ? key : `${key}:${halfLifeMs}`;
}
