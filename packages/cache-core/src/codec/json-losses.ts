import { type Fate, fateOf, hasToJson, type Place } from './json-fates.ts';
import { pathTo } from './value-path.ts';

/** One thing in a value that JSON cannot keep, such as `$.rows[3].createdAt`, `a Date: it comes back as a text`. */
export interface JsonLoss {
  readonly path: string;
  readonly what: string;
}

type Find = (value: unknown, path: string, place: Place) => JsonLoss | undefined;

/** Values looked at in one go, so that a large one costs no more than about a millisecond. */
const MAX_STEPS = 10_000;

/** The first thing that does not come back from JSON as it was. Calls its `toJSON` as JSON does. */
export function changedByJson(value: unknown): JsonLoss | undefined {
  return firstLoss(value, () => true);
}

/** Why a value must not be stored as JSON, and where; `undefined` if that is not found. */
export function refusedByJson(value: unknown): JsonLoss | undefined {
  return firstLoss(value, ({ kind }) => kind === 'refused');
}

const CYCLE: Fate = { kind: 'refused', what: 'a cycle' };

/** Never throws: a getter or a `toJSON` that does is no loss to be named. */
function firstLoss(root: unknown, isWanted: (fate: Fate) => boolean): JsonLoss | undefined {
  const parents = new Set<object>();
  let stepsLeft = MAX_STEPS;

  const find: Find = (value, path, place) => {
    if (stepsLeft-- <= 0) return undefined;
    const isObject = typeof value === 'object' && value !== null;
    const fate = isObject && parents.has(value) ? CYCLE : fateOf(value, place);
    if (fate && isWanted(fate)) return { path, what: fate.what };
    if (!isObject || fate === CYCLE) return undefined;
    parents.add(value);
    const loss = hasToJson(value) ? find(value.toJSON(''), path, place) : lossWithin(value, path, find);
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
