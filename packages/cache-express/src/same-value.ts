import { isDeepStrictEqual } from 'node:util';

/**
 * Is the one like the other in all that its reader can see? What keeps its state to itself is like nothing else: Node takes any two
 * `URLSearchParams` for equal.
 */
export function isSameValue(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(one, other) && isDeepStrictEqual(hiddenIn(one), hiddenIn(other));
}

/** What Node leaves out as it compares: private state, and the order of a Map or a Set. */
function hiddenIn(value: unknown): readonly unknown[] {
  if (typeof value !== 'object' || value === null || value instanceof Date) return [];
  if (value instanceof URLSearchParams) return [String(value)];
  if (value instanceof Map || value instanceof Set)
    return [[...value.keys()], ...[...value.values()].flatMap(hiddenIn)];
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = Array.isArray(value) || prototype === null || prototype === Object.prototype;
  return isPlain ? Object.values(value).flatMap(hiddenIn) : [Symbol('unknown')];
}
