import { KeyError } from '../errors.ts';
import { sha256 } from './digest.ts';

export interface QueryOptions {
  /**
   * Trim texts, collapse inner white space and ignore case, so that `" Big  Corp "` and `"big corp"` are one query.
   * Only right where the source does the same. @default false (`true` for the `search` type)
   */
  normalizeText?: boolean;
}

/** Deep enough for any query, shallow enough never to exhaust the stack. */
const MAX_DEPTH = 100;

/**
 * The digest of a query: equal for equal queries, different for all others. The order of object keys, Map entries and Set
 * members is irrelevant; a property of value `undefined` is absent; texts are compared in Unicode NFC.
 * @returns 64 hexadecimal digits.
 * @throws KeyError with the path to whatever has no canonical form: functions, symbols, cycles, class instances.
 * @example hashQuery({ q: 'acme', page: 1 }) === hashQuery({ page: 1, q: 'acme' })
 */
export function hashQuery(query: unknown, options: QueryOptions = {}): string {
  return sha256(canonicalForm(query, options));
}

/** The text behind `hashQuery`: every kind of value has a mark of its own, every text is quoted, so nothing runs together. */
export function canonicalForm(query: unknown, options: QueryOptions = {}): string {
  if (query === undefined) throw new KeyError('A query must not be undefined; for "no filter" pass {} or null.');
  const text = options.normalizeText ? normalizeText : toNfc;
  return encode(query, { text, path: ['query'], ancestors: [] });
}

/** Trimmed, inner white space collapsed, lower case, NFC. */
export function normalizeText(text: string): string {
  return text.normalize('NFC').trim().replace(/\s+/gu, ' ').toLowerCase().normalize('NFC');
}

function toNfc(text: string): string {
  return text.normalize('NFC');
}

interface Walk {
  readonly text: (value: string) => string;
  /** Where the walk is, for messages. */
  readonly path: string[];
  /** The objects that hold the current one: meeting one again is a cycle. */
  readonly ancestors: object[];
}

function encode(value: unknown, walk: Walk): string {
  switch (typeof value) {
    case 'undefined':
      return 'u';
    case 'boolean':
      return value ? 't' : 'f';
    case 'number':
      return Object.is(value, -0) ? 'd-0' : `d${value}`;
    case 'bigint':
      return `i${value}`;
    case 'string':
      return JSON.stringify(walk.text(value));
    case 'object':
      return value === null ? 'n' : encodeObject(value, walk);
    default:
      throw refuse(walk, `a ${typeof value}`);
  }
}

function encodeObject(value: object, walk: Walk): string {
  if (walk.ancestors.includes(value)) throw refuse(walk, 'a cycle');
  if (walk.ancestors.length >= MAX_DEPTH) throw refuse(walk, `nesting deeper than ${MAX_DEPTH} levels`);
  walk.ancestors.push(value);
  const form = formOf(value, walk);
  walk.ancestors.pop();
  return form;
}

/** Of this class itself, and with nothing added: what a subclass or a property beside the items says would be left out. */
function isPlain(value: object, prototype: object): boolean {
  const isItem = (name: string) => Array.isArray(value) && /^\d+$/.test(name);
  return Object.getPrototypeOf(value) === prototype && Object.keys(value).every(isItem);
}

function formOf(value: object, walk: Walk): string {
  if (Array.isArray(value) && isPlain(value, Array.prototype))
    return `[${Array.from(value, (item, index) => encodeAt(`[${index}]`, item, walk)).join(',')}]`;
  if (value instanceof Map && isPlain(value, Map.prototype)) return `M{${encodeMap(value, walk)}}`;
  if (value instanceof Set && isPlain(value, Set.prototype))
    return `S{${[...value]
      .map((item, index) => encodeAt(`{${index}}`, item, walk))
      .sort()
      .join(',')}}`;
  if (value instanceof Date && isPlain(value, Date.prototype)) return `D${value.getTime()}`;
  if (ArrayBuffer.isView(value))
    return encodeBytes(value, Buffer.from(value.buffer, value.byteOffset, value.byteLength));
  if (value instanceof ArrayBuffer) return encodeBytes(value, Buffer.from(value));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return `{${encodeRecord(value, walk)}}`;
  throw refuse(walk, 'a class instance');
}

/** `Object.prototype.toString` tells `Uint8Array` from `Float64Array`, and takes a Buffer for the Uint8Array that it is. */
function encodeBytes(value: object, bytes: Buffer): string {
  return `B${Object.prototype.toString.call(value).slice(8, -1)}"${bytes.toString('base64')}"`;
}

function encodeMap(map: ReadonlyMap<unknown, unknown>, walk: Walk): string {
  const pairs = [...map].map(([key, item], index) => {
    const at = `{${index}}`;
    return `${encodeAt(at, key, walk)}:${encodeAt(at, item, walk)}`;
  });
  return pairs.sort().join(',');
}

function encodeRecord(record: object, walk: Walk): string {
  if (Object.getOwnPropertySymbols(record).length > 0) throw refuse(walk, 'a symbol as a property name');
  const pairs = new Map<string, string>();
  for (const [name, item] of Object.entries(record)) {
    if (item === undefined) continue;
    const key = JSON.stringify(name.normalize('NFC'));
    if (pairs.has(key)) throw refuse(walk, 'two property names that are one in Unicode NFC');
    pairs.set(key, encodeAt(`.${name}`, item, walk));
  }
  const byCodeUnit = ([a]: [string, string], [b]: [string, string]) => (a < b ? -1 : 1); // never by locale
  return [...pairs]
    .sort(byCodeUnit)
    .map(([key, item]) => `${key}:${item}`)
    .join(',');
}

function encodeAt(step: string, value: unknown, walk: Walk): string {
  walk.path.push(step);
  const form = encode(value, walk);
  walk.path.pop();
  return form;
}

function refuse(walk: Walk, what: string): KeyError {
  return new KeyError(
    `${walk.path.join('')} is or holds ${what}, which has no canonical form; pass plain data instead.`,
  );
}
