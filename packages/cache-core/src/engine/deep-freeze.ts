/**
 * Freezes a value with all that it holds, so that callers can share it: arrays and plain objects, which is all that JSON
 * makes. Other objects (dates, maps, buffers, instances of classes) stay as they are, since freezing does not protect them.
 */
export function deepFreeze(value: unknown): void {
  if (!isPlain(value)) return;
  const open: object[] = [value]; // a stack of our own: a deep value must not overflow that of the process
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    Object.freeze(next);
    for (const part of Object.values(next)) if (isPlain(part) && !Object.isFrozen(part)) open.push(part);
  }
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
