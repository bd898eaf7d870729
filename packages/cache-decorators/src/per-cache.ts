/** For caches that take no properties. */
const BESIDE = new WeakMap<object, Map<symbol, unknown>>();

/**
 * What belongs to one cache, for all copies of this package in the process (ESM and CommonJS, two versions): so it is
 * kept on the cache.
 * @param name changes with whatever changes what is kept there
 */
export function perCache<T>(cache: object, name: string, make: () => T): T {
  const key = Symbol.for(`@huntly/cache-decorators/${name}`);
  if (Object.hasOwn(cache, key)) return Reflect.get(cache, key) as T;
  const beside = BESIDE.get(cache);
  if (beside?.has(key)) return beside.get(key) as T;
  const made = make();
  if (!Reflect.defineProperty(cache, key, { value: made })) BESIDE.set(cache, (beside ?? new Map()).set(key, made));
  return made;
}
