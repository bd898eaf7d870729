import { canonicalForm } from '@huntly/cache-core';

/**
 * Equal only for values that no handler can tell apart. The canonical form alone takes other spellings of one Unicode
 * text, and other orders of properties, for the same.
 * @throws KeyError if the value has no canonical form
 */
export function exactForm(value: unknown): string {
  const letters = JSON.stringify(value, (_name, part: unknown) => {
    if (part instanceof Map || part instanceof Set)
      throw new TypeError('a query or a path parameter must not hold a Map or a Set');
    return typeof part === 'bigint' || part === undefined ? String(part) : part;
  });
  return JSON.stringify([canonicalForm(value), letters]);
}
