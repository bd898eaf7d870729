import { namespacePrefix, type Scope, type StoreKey } from '@huntly/cache-core';

/** Of one Cluster slot with its value: the braces make the value's key the hash tag. Keys hold no braces themselves. */
export function leaseKey({ text, scope }: StoreKey): string {
  return leaseKeyOf(scope, text);
}

/** The same for a key, or a glob over keys, as text. */
export function leaseKeyOf(scope: Scope, text: string): string {
  return `${namespacePrefix(scope.namespace)}lease:{${text}}`;
}

/** The invalidation log of a namespace. `tag` is a reserved name, so no value has this key. */
export function logKey(namespace: string | undefined): string {
  return `${namespacePrefix(namespace)}tag`;
}
