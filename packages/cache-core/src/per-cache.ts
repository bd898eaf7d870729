/** For caches that take no properties. */
const BESIDE = new WeakMap<object, Map<symbol, unknown>>();

/**
 * What a package keeps for one cache, shared by all copies of that package in the process (ESM and CommonJS, two
 * versions): so it is kept on the cache. For packages that are built upon a cache.
 * @param name of the package and of what it keeps; changes with whatever changes what is kept there
 * @example perCache(cache, 'cache-express/traffic', () => new Traffic());
 */
export function perCache<T>(cache: object, name: string, make: () => T): T {
  const key = Symbol.for(`@huntly/${name}`);
  if (Object.hasOwn(cache, key)) return Reflect.get(cache, key) as T;
  const beside = BESIDE.get(cache);
  if (beside?.has(key)) return beside.get(key) as T;
  const made = make();
  if (!Reflect.defineProperty(cache, key, { value: made })) BESIDE.set(cache, (beside ?? new Map()).set(key, made));
  return made;
}
