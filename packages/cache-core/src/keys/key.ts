import { KeyError, kindOf } from '../errors.ts';
import { sha256 } from './digest.ts';
import { checkName, checkNamespace, keyPrefix, parseScope, type Scope } from './scope.ts';

/** What tells one value of a type from another. `42`, `42n` and `'42'` name the same value. */
export type Identifier = string | number | bigint;

export interface ParsedKey extends Scope {
  readonly identifier: string;
  /** True where an over-long identifier was replaced by its digest: `identifier` is that digest then. */
  readonly isHashed: boolean;
}

/** Longer identifiers are replaced by their digest: a key stays short whatever a client sends. */
const MAX_IDENTIFIER_LENGTH = 200;
/** Marks a digest. No escaped text holds it: escaping turns every `%` into `%25`. */
const HASHED = '%h';
const HASHED_IDENTIFIER = /^%h[0-9a-f]{64}$/;

// Separators, Redis glob and hash-tag characters, whitespace, control characters, and the escape character itself.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this finds.
const UNSAFE = /[\u0000-\u0020\u007f-\u00a0\u2028\u2029%:*?[\]\\{}]/;
const EVERY_UNSAFE = new RegExp(UNSAFE.source, 'g');

/** May this label entries? A text of 1–500 characters that can be written as UTF-8. */
export function isTag(tag: unknown): tag is string {
  return typeof tag === 'string' && tag !== '' && tag.length <= 500 && tag.isWellFormed();
}

/**
 * The identifier as it stands in a key. Injective: two identifiers never share a text, and none can leave its place.
 * @throws KeyError for anything but a non-empty string, a finite number or a bigint.
 */
export function identifierText(identifier: Identifier): string {
  const text = plainText(identifier);
  if (text.length > MAX_IDENTIFIER_LENGTH) return HASHED + sha256(text);
  return escapeText(text);
}

/** The identifier as plain text, unescaped and of any length. @throws KeyError as `identifierText`. */
export function plainText(identifier: Identifier): string {
  if (typeof identifier === 'string') {
    if (identifier === '') throw badIdentifier('an empty string');
    if (!identifier.isWellFormed()) throw badIdentifier('a string with half a surrogate pair');
    return identifier;
  }
  if (typeof identifier === 'bigint' || Number.isFinite(identifier)) return String(identifier);
  throw badIdentifier(kindOf(identifier));
}

function badIdentifier(kind: string): KeyError {
  const advice = kind === 'an array' ? ' For several there are the verbs that end in Many.' : '';
  return new KeyError(`An identifier must be a non-empty string, a finite number or a bigint; got ${kind}.${advice}`);
}

/** Percent-encodes what has a meaning in keys, patterns, or terminals; leaves everything else readable. */
export function escapeText(text: string): string {
  return UNSAFE.test(text) ? text.replace(EVERY_UNSAFE, percentEncode) : text;
}

/** Of 1,000 tags most hold a colon: each character is encoded once. */
const ENCODED = new Map<string, string>();

function percentEncode(character: string): string {
  const known = ENCODED.get(character);
  if (known !== undefined) return known;
  const encoded = [...Buffer.from(character, 'utf8')]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
  ENCODED.set(character, encoded); // there are a hundred of them
  return encoded;
}

/** The key of one value. @throws KeyError for a bad namespace, type or identifier. */
export function buildKey(scope: Scope, identifier: Identifier): string {
  if (scope.namespace !== undefined) checkNamespace('The namespace', scope.namespace);
  checkName('The type', scope.type);
  return keyPrefix(scope) + identifierText(identifier);
}

/** The parts of a key built by `buildKey`; `undefined` for any other text. */
export function parseKey(key: string): ParsedKey | undefined {
  const end = key.indexOf(':');
  const identifier = key.slice(end + 1);
  const scope = end < 0 || identifier === '' ? undefined : parseScope(key.slice(0, end));
  if (!scope) return undefined;
  if (HASHED_IDENTIFIER.test(identifier)) {
    return { ...scope, identifier: identifier.slice(HASHED.length), isHashed: true };
  }
  const plain = unescapeText(identifier);
  if (plain === undefined || identifierText(plain) !== identifier) return undefined;
  return { ...scope, identifier: plain, isHashed: false };
}

/** `undefined` where the text is not percent-encoded UTF-8, thus no key of ours. */
function unescapeText(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
