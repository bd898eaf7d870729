import { types } from 'node:util';

/** What JSON makes of one part of a value. */
export interface Fate {
  /**
   * `refused`: its content would be lost, so the whole value is not stored. `changed`: it comes back in another form.
   */
  readonly kind: 'refused' | 'changed';
  /** Such as `a Date: it comes back as a text`. */
  readonly what: string;
}

/** Where a part stands: JSON leaves some parts out of an object and writes `null` for them in an array. */
export type Place = 'root' | 'property' | 'element';

/**
 * `undefined`: it comes back as it is, or is made of parts that have fates of their own. `docs/values.md` has the
 * table.
 */
export function fateOf(value: unknown, place: Place): Fate | undefined {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? undefined : changed(`${value}: it comes back as null`);
    case 'undefined': // a property of value undefined is as good as absent
      return place === 'element' ? changed('undefined: it comes back as null') : undefined;
    case 'object':
      return value === null ? undefined : fateOfObject(value);
    default:
      return refusalOf(value);
  }
}

/**
 * Why a part must not be stored: nothing of its content would come back, and a reader would take what does for a value.
 * For an object with a `toJSON`, ask about what that returns.
 */
export function refusalOf(value: unknown): Fate | undefined {
  switch (typeof value) {
    case 'bigint':
      return refused('a BigInt');
    case 'function':
    case 'symbol':
      return refused(`a ${typeof value}`);
    case 'object':
      return value === null || Array.isArray(value) || isPlain(value) ? undefined : refusalOfInstance(value);
    default:
      return undefined;
  }
}

/** Has the object chosen its own form? */
export function hasToJson(value: object): value is { toJSON(name: string): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}

/** Is it an object literal? Also of another realm, as in `node:vm`: the prototype of plain objects has none itself. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** An object with a `toJSON` has chosen its form, except for dates and bytes. */
function fateOfObject(value: object): Fate | undefined {
  if (Array.isArray(value)) {
    const hasMore = Object.keys(value).length > value.length;
    return hasMore ? changed('an array with a property of its own: it is left out') : undefined;
  }
  if (types.isDate(value))
    return changed(
      Number.isNaN(value.getTime()) ? 'an invalid Date: it comes back as null' : 'a Date: it comes back as a text',
    );
  if (ArrayBuffer.isView(value) && !types.isDataView(value))
    return changed(`a ${value.constructor.name}: it comes back as a plain object`);
  if (hasToJson(value)) return undefined;
  if (!isPlain(value)) return refusalOfInstance(value) ?? changed(`${nameOf(value)}: it comes back without its class`);
  if (Object.hasOwn(value, '__proto__')) return changed('an object with a property __proto__: it is left out');
  const hasSymbols = Object.getOwnPropertySymbols(value).some((symbol) =>
    Object.prototype.propertyIsEnumerable.call(value, symbol),
  );
  return hasSymbols ? changed('an object with a property named by a symbol: it is left out') : undefined;
}

/** By what it is and not by its class, which may be of another realm. */
function refusalOfInstance(value: object): Fate | undefined {
  if (has(value, 'then')) return refused('a promise: await it first');
  if (has(value, 'pipe') || has(value, 'getReader') || has(value, 'getWriter') || Symbol.asyncIterator in value)
    return refused('a stream: read it first');
  if (has(value, 'next')) return refused('an iterator: make an array of it first');
  if (types.isNativeError(value) || value instanceof Error) return refused(`an error, ${nameOf(value)}`);
  if (types.isMap(value)) return refused('a Map');
  if (types.isSet(value)) return refused('a Set');
  if (types.isRegExp(value)) return refused('a RegExp');
  if (types.isSymbolObject(value)) return refused('a symbol');
  if (types.isBigIntObject(value)) return refused('a BigInt');
  if (ArrayBuffer.isView(value) && !types.isDataView(value)) return undefined;
  if (types.isBoxedPrimitive(value)) return undefined;
  // JSON cannot see what such an object holds: a WeakMap, a Blob, a URLSearchParams, an ArrayBuffer.
  return Object.keys(value).length === 0 ? refused(`${nameOf(value)}, of which JSON sees nothing`) : undefined;
}

function has(value: object, method: string): boolean {
  return typeof Reflect.get(value, method) === 'function';
}

function nameOf(value: object): string {
  return `an instance of ${value.constructor?.name || 'a class'}`;
}

function refused(what: string): Fate {
  return { kind: 'refused', what };
}

function changed(what: string): Fate {
  return { kind: 'changed', what };
}
