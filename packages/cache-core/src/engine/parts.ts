import { types } from 'node:util';

/** All objects of a value, each once, and the first of them, such as `a Date`, that are no plain objects or arrays. */
export interface Parts {
  readonly objects: ReadonlySet<object>;
  /** What changes though it is frozen. */
  readonly unfreezable: string | undefined;
  /** What cannot be made anew: it may have private state. */
  readonly uncloneable: string | undefined;
}

type Kind = 'plain' | 'cloneable' | 'unique';

/** Walks every part once, also below what is frozen already: that is frozen at its top only. */
export function partsOf(value: unknown): Parts {
  const objects = new Set<object>();
  let unfreezable: string | undefined;
  let uncloneable: string | undefined;
  const open: unknown[] = [value]; // a stack of our own: a deep value must not overflow that of the process
  while (open.length > 0) {
    const part = open.pop();
    if (typeof part === 'function') uncloneable ??= 'a function';
    if (typeof part !== 'object' || part === null || objects.has(part)) continue;
    objects.add(part);
    const kind = kindOf(part);
    if (kind === 'cloneable') unfreezable ??= withArticle(part.constructor.name);
    if (kind === 'unique') uncloneable ??= `an instance of ${part.constructor?.name || 'a class'}`;
    else for (const child of childrenOf(part)) if (isObject(child)) open.push(child);
  }
  return { objects, unfreezable: unfreezable ?? uncloneable, uncloneable };
}

/** Protects a value without anything unfreezable. */
export function freeze({ objects }: Parts): void {
  for (const part of objects) Object.freeze(part);
}

/**
 * A value with parts of its own, as they are related in the original. Unlike `structuredClone` it keeps a Buffer a
 * Buffer.
 */
export function clone<V>(value: V): V {
  const { objects } = partsOf(value);
  const copies = new Map<unknown, object>();
  for (const part of objects) copies.set(part, emptyCopy(part));
  const copyOf = (part: unknown) => copies.get(part) ?? part;
  for (const part of objects) fillCopy(part, copyOf(part) as object, copyOf);
  return copyOf(value) as V;
}

/** By what it is, not by its class, which may be of another realm. A subclass may have state of its own. */
function kindOf(part: object): Kind {
  const prototype: unknown = Object.getPrototypeOf(part);
  if (prototype === Object.prototype || prototype === Array.prototype || prototype === null) return 'plain';
  if (Object.getPrototypeOf(prototype) === null) return 'plain';
  if (!isOfLanguage(prototype)) return 'unique';
  if (Array.isArray(part)) return 'plain';
  const isCloneable =
    types.isDate(part) || types.isMap(part) || types.isSet(part) || types.isRegExp(part) || types.isArrayBuffer(part);
  return isCloneable || ArrayBuffer.isView(part) ? 'cloneable' : 'unique';
}

/** Is it the prototype of a class that the language or Node has, in whatever realm, and not of one that extends it? */
function isOfLanguage(prototype: unknown): boolean {
  if (prototype === Buffer.prototype) return true; // the one class of them that is written in JavaScript
  const made: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  return typeof made === 'function' && Function.prototype.toString.call(made).endsWith('{ [native code] }');
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' || typeof value === 'function';
}

function withArticle(name: string): string {
  return `${/^[AEIO]/.test(name) ? 'an' : 'a'} ${name}`;
}

function namesOf(part: object): readonly PropertyKey[] {
  const symbols = Object.getOwnPropertySymbols(part);
  return symbols.length === 0 ? Object.keys(part) : [...Object.keys(part), ...symbols];
}

function childrenOf(part: object): Iterable<unknown> {
  if (ArrayBuffer.isView(part)) return [];
  const children: unknown[] = Object.values(part);
  for (const symbol of Object.getOwnPropertySymbols(part)) children.push(Reflect.get(part, symbol));
  if (types.isMap(part)) for (const [key, item] of part) children.push(key, item);
  if (types.isSet(part)) children.push(...part);
  return children;
}

/** With all that is no object in it. */
function emptyCopy(part: object): object {
  if (Array.isArray(part)) return Object.assign(new Array(part.length), part);
  if (types.isDate(part)) return Object.assign(new Date(part.getTime()), part);
  if (types.isMap(part)) return Object.assign(new Map(), part);
  if (types.isSet(part)) return Object.assign(new Set(), part);
  if (types.isRegExp(part))
    return Object.assign(new RegExp(part.source, part.flags), part, { lastIndex: part.lastIndex });
  if (types.isArrayBuffer(part)) return part.slice(0);
  if (Buffer.isBuffer(part)) return Buffer.from(part);
  if (types.isDataView(part))
    return new DataView(part.buffer.slice(part.byteOffset, part.byteOffset + part.byteLength));
  if (types.isTypedArray(part)) return part.slice();
  const prototype: object | null = Object.getPrototypeOf(part);
  return prototype === Object.prototype ? { ...part } : Object.setPrototypeOf({ ...part }, prototype);
}

function fillCopy(part: object, copy: object, copyOf: (part: unknown) => unknown): void {
  if (ArrayBuffer.isView(part)) return;
  for (const name of namesOf(part)) {
    const value: unknown = Reflect.get(copy, name);
    if (!isObject(value)) continue;
    // Defined, not set: `__proto__` would be another prototype.
    if (name === '__proto__') Object.defineProperty(copy, name, { value: copyOf(value) });
    else Reflect.set(copy, name, copyOf(value));
  }
  if (types.isMap(part)) for (const [key, item] of part) (copy as Map<unknown, unknown>).set(copyOf(key), copyOf(item));
  if (types.isSet(part)) for (const item of part) (copy as Set<unknown>).add(copyOf(item));
}
