import { canonicalForm, type NormalizeText } from './canonical.ts';
import { hmacSha256, sha256 } from './digest.ts';
import { type Identifier, identifierText, plainText } from './key.ts';
import { KeyMemory, type KeyTable } from './key-memory.ts';

export interface KeyRules {
  /** As `keyPrefix` makes it. */
  readonly prefix: string;
  /** What identifies a value: `text`, `private` or `query`. */
  readonly kind: string;
  /** Of queries. */
  readonly normalizeText: NormalizeText;
  /** Keys the digests of `private` and `query` identifiers. */
  readonly secret: string | undefined;
  /** What bounds the keys that are remembered. @default one of its own */
  readonly memory?: KeyMemory | undefined;
}

/**
 * What makes the key of an identifier: it throws a KeyError for one that is none. A digest covers the namespace, the
 * type and the kind as well: equal digests would tell that a user of one type, or of one tenant, is a user of another.
 */
export function keyBuilder({ prefix, kind, normalizeText, secret, memory }: KeyRules): (identifier: unknown) => string {
  const plainDigest = secret === undefined ? sha256 : (text: string) => hmacSha256(secret, text);
  const digest = (text: string) => plainDigest(`${prefix}${kind}:${text}`);
  switch (kind) {
    case 'query':
      return (query: unknown) => prefix + digest(canonicalForm(query, { normalizeText }));
    case 'private':
      return (identifier: unknown) => prefix + digest(plainText(identifier as Identifier));
    default:
      return rememberingKeys((identifier) => prefix + identifierText(identifier), memory);
  }
}

/** Longer identifiers are rare; they would only take room. */
const MAX_REMEMBERED_LENGTH = 100;
const REMEMBERED_BITS = 128;

/**
 * The same values are asked for again and again, and to check an identifier and build its key takes longer than to look
 * it up. What is refused throws, and is never remembered.
 */
export function rememberingKeys(
  keyFor: (identifier: Identifier) => string,
  memory = new KeyMemory(),
): (identifier: unknown) => string {
  let young = new Map<unknown, string>();
  let old = young;
  const table: KeyTable = {
    turn() {
      old = young;
      young = new Map();
      return old.size > 0;
    },
    forget() {
      young = new Map();
      old = young;
    },
  };
  return (identifier) => {
    const known = young.get(identifier);
    if (known !== undefined) return known;
    const key = old.get(identifier) ?? keyFor(identifier as Identifier);
    if (isLong(identifier)) return key;
    memory.take(table, key.length + (typeof identifier === 'string' ? identifier.length : 0));
    young.set(identifier, key);
    return key;
  };
}

function isLong(identifier: unknown): boolean {
  if (typeof identifier === 'string') return identifier.length > MAX_REMEMBERED_LENGTH;
  return typeof identifier === 'bigint' && BigInt.asIntN(REMEMBERED_BITS, identifier) !== identifier;
}
