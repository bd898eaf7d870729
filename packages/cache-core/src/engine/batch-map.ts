import { CacheConfigError, KeyError, kindOf } from '../errors.ts';
import type { TypeContext } from './engine.ts';

type AnyMap = ReadonlyMap<unknown, unknown>;

/**
 * Looks at the keys of the Maps that batch loaders of one type return. A Map may leave identifiers out, and may hold more than was
 * asked for; but one that does both is probably keyed by something else, and all its values would count as missing, silently.
 */
export class BatchMapCheck {
  readonly #context: TypeContext;
  #isSaid = false;

  constructor(context: TypeContext) {
    this.#context = context;
  }

  /** @throws CacheConfigError for a key that is an identifier in another form: `'42'` where `42` was asked for. */
  check(found: AnyMap, missing: readonly unknown[]): void {
    const absent = missing.filter((identifier) => !found.has(identifier));
    if (absent.length === 0) return;
    const asked = new Set(missing);
    const strange = [...found.keys()].filter((key) => !asked.has(key));
    if (strange.length === 0) return;
    const absentByKey = new Map(absent.map((identifier) => [this.#keyOf(identifier), identifier]));
    for (const key of strange) {
      const text = this.#keyOf(key);
      if (text === undefined || !absentByKey.has(text)) continue;
      throw new CacheConfigError([
        `a Map of loadMissing must have the identifiers as they stand in missing, ${kindOf(absentByKey.get(text))}; it has ${kindOf(key)}`,
      ]);
    }
    this.#say();
  }

  /** `undefined` for what is no identifier of this type. */
  #keyOf(identifier: unknown): string | undefined {
    try {
      return this.#context.type.keyOf(identifier);
    } catch (error) {
      if (KeyError.is(error)) return undefined;
      throw error;
    }
  }

  #say(): void {
    if (this.#isSaid) return;
    this.#isSaid = true;
    const { engine, type } = this.#context;
    engine.logger.warn(
      { type: type.scope.type },
      'a Map of loadMissing lacks identifiers that were asked for, and has keys that were not',
    );
  }
}
