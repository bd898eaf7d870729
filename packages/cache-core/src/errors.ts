/** Marks our errors across copies of this package, where `instanceof` fails. */
const BRAND = Symbol.for('@huntly/cache-core/error');

/**
 * The base of every error that this toolkit throws. The message says what was wrong and what to do about it; it never
 * holds a cached value, a password or a full e-mail address.
 */
export abstract class CacheError extends Error {
  /** Stable and unique to the class, for `switch` statements and log filters. */
  abstract readonly code: `HUNTLY_${string}`;
  /** The name of the class, as a literal: it survives minifiers and marks the error across copies of the package. */
  protected readonly [BRAND]: string;

  protected constructor(name: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = name;
    this[BRAND] = name;
    Object.defineProperty(this, BRAND, { enumerable: false });
  }

  /**
   * `instanceof` as `is`, so that it holds for errors of another copy of the package: ESM and CommonJS, two versions.
   */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: the class on the right of `instanceof`, which may be any below this one
    return isInstance(value, this);
  }

  /** True for every error of this toolkit, also one made by another copy of the package. */
  static is(value: unknown): value is CacheError {
    return brandOf(value) !== undefined;
  }
}

/** A class below ours that has no `is` of its own belongs to the caller, and is told as ever. */
function isInstance(value: unknown, ErrorClass: typeof CacheError): boolean {
  const isOurs = Object.hasOwn(ErrorClass, 'is') && ErrorClass.is(value);
  return isOurs || Function.prototype[Symbol.hasInstance].call(ErrorClass, value);
}

function brandOf(value: unknown): unknown {
  return value instanceof Error && BRAND in value ? value[BRAND] : undefined;
}

/** Settings, or arguments of a call, that cannot work. Holds *all* of them, so that one start shows what to mend. */
export class CacheConfigError extends CacheError {
  override readonly code = 'HUNTLY_CONFIG';
  /** One sentence each: the field, what it holds, what it may hold. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(
      'CacheConfigError',
      `The cache cannot work with this:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
      options,
    );
    this.problems = problems;
  }

  static override is(value: unknown): value is CacheConfigError {
    return brandOf(value) === 'CacheConfigError';
  }
}

/** A key, tag, pattern or query that cannot name one value for certain. */
export class KeyError extends CacheError {
  override readonly code = 'HUNTLY_KEY';

  constructor(message: string, options?: ErrorOptions) {
    super('KeyError', message, options);
  }

  static override is(value: unknown): value is KeyError {
    return brandOf(value) === 'KeyError';
  }
}

/** A value that cannot be turned into bytes, or bytes that are no value. */
export class SerializationError extends CacheError {
  override readonly code = 'HUNTLY_SERIALIZATION';

  constructor(message: string, options?: ErrorOptions) {
    super('SerializationError', message, options);
  }

  static override is(value: unknown): value is SerializationError {
    return brandOf(value) === 'SerializationError';
  }
}

/** A value that does not fit the schema of its type. The message names the places, never what stands there. */
export class ValueRejectedError extends CacheError {
  override readonly code = 'HUNTLY_VALUE_REJECTED';

  constructor(message: string, options?: ErrorOptions) {
    super('ValueRejectedError', message, options);
  }

  static override is(value: unknown): value is ValueRejectedError {
    return brandOf(value) === 'ValueRejectedError';
  }
}

/** The store cannot be asked now. Reads never throw it: they load instead. */
export class StoreUnavailableError extends CacheError {
  override readonly code = 'HUNTLY_STORE_UNAVAILABLE';

  constructor(message: string, options?: ErrorOptions) {
    super('StoreUnavailableError', message, options);
  }

  static override is(value: unknown): value is StoreUnavailableError {
    return brandOf(value) === 'StoreUnavailableError';
  }
}

/** A loader took longer than the `hardTimeout` of its type. */
export class LoaderTimeoutError extends CacheError {
  override readonly code = 'HUNTLY_LOADER_TIMEOUT';

  constructor(message: string, options?: ErrorOptions) {
    super('LoaderTimeoutError', message, options);
  }

  static override is(value: unknown): value is LoaderTimeoutError {
    return brandOf(value) === 'LoaderTimeoutError';
  }
}

/**
 * Loads that wait for each other: the loader of one key asks for a second one, whose loader asks for the first. The
 * message names the keys.
 */
export class LoadCycleError extends CacheError {
  override readonly code = 'HUNTLY_LOAD_CYCLE';

  constructor(message: string, options?: ErrorOptions) {
    super('LoadCycleError', message, options);
  }

  static override is(value: unknown): value is LoadCycleError {
    return brandOf(value) === 'LoadCycleError';
  }
}

/** An invalidation could not be applied, and the caller has no other way to learn it. */
export class InvalidationError extends CacheError {
  override readonly code = 'HUNTLY_INVALIDATION';

  constructor(message: string, options?: ErrorOptions) {
    super('InvalidationError', message, options);
  }

  static override is(value: unknown): value is InvalidationError {
    return brandOf(value) === 'InvalidationError';
  }
}

/** Names the kind of a bad value for a message, and never shows the value of an object or a long text. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  switch (typeof value) {
    case 'undefined':
      return 'undefined';
    case 'number':
    case 'boolean':
      return `the ${typeof value} ${String(value)}`;
    case 'string':
      return value === '' ? 'an empty string' : `a string of ${value.length} character${value.length === 1 ? '' : 's'}`;
    case 'object':
      return 'an object';
    default:
      return `a ${typeof value}`;
  }
}

/** @throws CacheConfigError naming `field`. */
export function checkWholeNumber(field: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new CacheConfigError([`${field} must be a whole number above 0; got ${kindOf(value)}`]);
}
