import { pathTo } from './value-path.ts';

/** One thing in a value that JSON cannot keep, such as `$.rows[3].createdAt`, `a Date: it comes back as a text`. */
export interface JsonLoss {
  readonly path: string;
  readonly what: string;
}

/** Where a value stands: JSON leaves some of them out of an object and writes `null` for them in an array. */
type Place = 'root' | 'property' | 'element';
/** `changed`: it comes back as something else. `refused`: `JSON.stringify` throws. */
type Kind = 'changed' | 'refused';
type Find = (value: unknown, path: string, place: Place) => JsonLoss | undefined;

/** Values looked at in one go, so that a large one costs no more than about a millisecond. */
const MAX_STEPS = 10_000;

/** The first thing that comes back from JSON as something else, of a value that has a JSON form. Calls its `toJSON` as JSON does. */
export function changedByJson(value: unknown): JsonLoss | undefined {
  return firstLoss(value, 'changed');
}

/** Why a value has no JSON form: a BigInt or a cycle; `undefined` for any other reason. */
export function refusedByJson(value: unknown): JsonLoss | undefined {
  return firstLoss(value, 'refused');
}

/** Never throws: a getter or a `toJSON` that does is no loss to be named. */
function firstLoss(root: unknown, kind: Kind): JsonLoss | undefined {
  const parents = new Set<object>();
  let stepsLeft = MAX_STEPS;

  const find: Find = (value, path, place) => {
    if (stepsLeft-- <= 0) return undefined;
    if (typeof value !== 'object' || value === null) return lossOfPrimitive(value, path, place, kind);
    if (parents.has(value)) return kind === 'refused' ? { path, what: 'a cycle' } : undefined;
    const what = kind === 'changed' ? fateOf(value) : undefined;
    if (what !== undefined) return { path, what };
    parents.add(value);
    const loss =
      'toJSON' in value && typeof value.toJSON === 'function'
        ? find(value.toJSON(''), path, place)
        : lossWithin(value, path, find);
    parents.delete(value);
    return loss;
  };

  try {
    return find(root, '$', 'root');
  } catch {
    return undefined;
  }
}

function lossWithin(value: object, path: string, find: Find): JsonLoss | undefined {
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const loss = find(value[index], pathTo(path, index), 'element');
      if (loss) return loss;
    }
    return undefined;
  }
  for (const [name, property] of Object.entries(value)) {
    const loss = find(property, pathTo(path, name), 'property');
    if (loss) return loss;
  }
  return undefined;
}

function lossOfPrimitive(value: unknown, path: string, place: Place, kind: Kind): JsonLoss | undefined {
  if (kind === 'refused') return typeof value === 'bigint' ? { path, what: 'a BigInt' } : undefined;
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? undefined : { path, what: `${value}: it comes back as null` };
    case 'undefined': // a property of value undefined is as good as absent
      return place === 'element' ? { path, what: 'undefined: it comes back as null' } : undefined;
    case 'function':
    case 'symbol':
      return { path, what: `a ${typeof value}: it ${place === 'element' ? 'comes back as null' : 'is left out'}` };
    default:
      return undefined;
  }
}

/** What becomes of an object that is more than its properties. Who wrote a `toJSON` has chosen the form, but for dates and bytes. */
function fateOf(value: object): string | undefined {
  if (Array.isArray(value)) return undefined;
  if (value instanceof Date) return 'a Date: it comes back as a text';
  if (value instanceof Map || value instanceof Set) return `a ${value.constructor.name}: it comes back as {}`;
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name}: it comes back as a plain object`;
  if ('toJSON' in value && typeof value.toJSON === 'function') return undefined;
  if (!isPlain(value)) return `an instance of ${value.constructor?.name || 'a class'}: it comes back without its class`;
  if (Object.hasOwn(value, '__proto__')) return 'an object with a property __proto__: it is left out';
  const hasSymbols = Object.getOwnPropertySymbols(value).some((symbol) =>
    Object.prototype.propertyIsEnumerable.call(value, symbol),
  );
  return hasSymbols ? 'an object with a property named by a symbol: it is left out' : undefined;
}

/** Also of another realm, as in `node:vm`: the prototype of plain objects is the one that has none itself. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
