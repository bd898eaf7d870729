export type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** What runs in the place of a method. */
export interface Call {
  run(self: unknown, args: unknown[]): unknown;
}

/** Marks our wrappers, also those of another copy of this package: from the outermost one each inner one can be reached. */
const WRAPPED = Symbol.for('@huntly/cache-decorators/wrapped');

interface Wrapped {
  readonly call: Call;
  readonly method: AnyFunction;
}

/** A function that looks like `method` and runs `call`. */
export function wrap(method: AnyFunction, call: Call): AnyFunction {
  const wrapper: AnyFunction = function (...args) {
    return call.run(this, args);
  };
  copyFace(method, wrapper);
  Object.defineProperty(wrapper, WRAPPED, { value: { call, method } satisfies Wrapped });
  return wrapper;
}

/** The calls that a function stands for, the outermost first; none for a function that is not ours. */
export function callsOf(value: unknown): readonly Call[] {
  const calls: Call[] = [];
  let wrapped = wrappedOf(value);
  while (wrapped !== undefined) {
    calls.push(wrapped.call);
    wrapped = wrappedOf(wrapped.method);
  }
  return calls;
}

function wrappedOf(value: unknown): Wrapped | undefined {
  return typeof value === 'function' ? (value as { [WRAPPED]?: Wrapped })[WRAPPED] : undefined;
}

interface ReflectMetadata {
  getOwnMetadataKeys?(target: object): readonly unknown[];
  getOwnMetadata?(key: unknown, target: object): unknown;
  defineMetadata?(key: unknown, value: unknown, target: object): void;
}

/** Name, length, properties and `reflect-metadata`: frameworks that read them off the method find them on the wrapper. */
function copyFace(from: AnyFunction, to: AnyFunction): void {
  for (const key of Reflect.ownKeys(from)) {
    const property = Object.getOwnPropertyDescriptor(from, key);
    if (property && (property.enumerable || key === 'name' || key === 'length'))
      Object.defineProperty(to, key, property);
  }
  const metadata = Reflect as ReflectMetadata;
  for (const key of metadata.getOwnMetadataKeys?.(from) ?? [])
    metadata.defineMetadata?.(key, metadata.getOwnMetadata?.(key, from), to);
}
