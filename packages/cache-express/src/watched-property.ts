/** Runs the getter of a watched property. */
export type Reader = (read: () => unknown) => unknown;

/**
 * Lets `reader` run each read of a property, its own or an inherited one, until the returned function is called. What
 * is set meanwhile stays set.
 * @throws TypeError if the property cannot be replaced
 */
export function watchProperty(target: object, name: string, reader: Reader): () => void {
  const own = Object.getOwnPropertyDescriptor(target, name);
  let isSet = own !== undefined && 'value' in own;
  let value: unknown = own?.value;
  const read = () => {
    if (isSet) return value;
    return own?.get ? (own.get.call(target) as unknown) : inherited(target, name);
  };
  Object.defineProperty(target, name, {
    configurable: true,
    enumerable: own?.enumerable ?? false, // else `{ ...req }` would read what it inherits
    get: () => reader(read),
    set(next: unknown) {
      if (own?.set) return own.set.call(target, next);
      isSet = true;
      value = next;
    },
  });
  return () => {
    if (isSet) {
      const { writable = true, enumerable = true } = own ?? {};
      Object.defineProperty(target, name, { value, writable, enumerable, configurable: true });
    } else if (own) Object.defineProperty(target, name, own);
    else Reflect.deleteProperty(target, name);
  };
}

/** By now: each app that a request goes through gives it a prototype of its own. */
function inherited(target: object, name: string): unknown {
  return Reflect.get(Object.getPrototypeOf(target) as object, name, target);
}
