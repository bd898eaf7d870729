import { KeyError, kindOf } from '../errors.ts';

/** Where a value belongs: the words before its identifier. */
export interface Scope {
  /** A path of names, such as `shop` or, for the child `eu` of it, `shop/eu`. */
  readonly namespace: string | undefined;
  readonly type: string;
}

/** The last key of a scope that holds no value: the ranking of search terms. */
export const POPULAR_SEARCHES = 'popular_searches';
/** What stands in place of a type in the keys of tags, and of leases. */
export const TAG = 'tag';
export const LEASE = 'lease';

/** Words that stand in place of a type in keys that hold no value. */
const RESERVED_NAMES = new Set([TAG, LEASE, POPULAR_SEARCHES]);
const TYPE_NAME = /^[A-Za-z][\w.-]{0,63}$/;
const NAMESPACE_NAME = /^[A-Za-z0-9][\w.-]{0,63}$/;

/**
 * Ends each name of a namespace. No name holds it, so that no prefix of one cache begins a key of another: `search:`
 * begins the values of the type `search`, `search/` those of the namespace `search`, and `acme/com/` is another path
 * than `acme.com/`.
 */
const BELOW = '/';
/** A key has its namespace, and most texts of a store have it twice. */
const MAX_NAMESPACE_LENGTH = 200;

/** A type name that may stand in a key. @throws KeyError that begins with `what`. */
export function checkName(what: string, name: unknown): string {
  return checked(what, name, TYPE_NAME, 'beginning with a letter');
}

/** One name of a namespace. @throws KeyError that begins with `what`. */
export function checkNamespaceName(what: string, name: unknown): string {
  return checked(what, name, NAMESPACE_NAME, 'beginning with a letter or a digit');
}

/** A path of names that may stand in a key. @throws KeyError that begins with `what`. */
export function checkNamespace(what: string, namespace: unknown): string {
  if (typeof namespace !== 'string') return checkNamespaceName(what, namespace);
  for (const name of namespace.split(BELOW)) checkNamespaceName(what, name);
  if (namespace.length <= MAX_NAMESPACE_LENGTH) return namespace;
  throw new KeyError(
    `${what} must have at most ${MAX_NAMESPACE_LENGTH} characters, with those of its parents; got ${namespace.length}.`,
  );
}

function checked(what: string, name: unknown, form: RegExp, beginning: string): string {
  if (typeof name !== 'string' || !form.test(name))
    throw new KeyError(`${what} must be 1–64 letters, digits, "_", "-" or ".", ${beginning}; got ${kindOf(name)}.`);
  if (RESERVED_NAMES.has(name)) throw new KeyError(`${what} cannot be named "${name}": the name is reserved.`);
  return name;
}

/** What every key of a namespace begins with; the keys of its children do as well. */
export function namespacePrefix(namespace: string | undefined): string {
  return namespace === undefined ? '' : namespace + BELOW;
}

/** The namespace of a child. @throws KeyError for a name that cannot stand in it. */
export function namespaceBelow(namespace: string | undefined, name: string): string {
  return namespacePrefix(namespace) + checkNamespaceName('The name of a child', name);
}

/** `[namespace/]type:`, what every key of a type begins with, and no other key. */
export function keyPrefix({ namespace, type }: Scope): string {
  return `${namespacePrefix(namespace)}${type}:`;
}

/** What `keyPrefix` made the text before the identifier of; `undefined` for any other text. */
export function parseScope(text: string): Scope | undefined {
  const names = text.split(BELOW);
  const type = names.pop() ?? '';
  if (!TYPE_NAME.test(type) || RESERVED_NAMES.has(type) || text.length - type.length > MAX_NAMESPACE_LENGTH + 1)
    return undefined;
  if (!names.every((name) => NAMESPACE_NAME.test(name) && !RESERVED_NAMES.has(name))) return undefined;
  return { namespace: names.length === 0 ? undefined : names.join(BELOW), type };
}

/** The word in place of the type in any key of ours, whatever it holds. Cheap: nothing is checked. */
export function wordOf(key: string, end: number): string {
  return key.slice(key.lastIndexOf(BELOW, end) + 1, end);
}
