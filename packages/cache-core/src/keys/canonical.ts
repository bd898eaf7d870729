import { KeyError, kindOf } from '../errors.ts';
import { sha256 } from './digest.ts';

/** `true` for the fields of `TEXT_FIELDS`, or the names of fields. */
export type NormalizeText = boolean | readonly string[];

/** Where people type, in most queries. */
const TEXT_FIELDS: readonly string[] = ['q', 'query', 'text', 'search', 'term'];

const USUAL_FIELDS: ReadonlySet<string> = new Set(TEXT_FIELDS);
const NO_FIELDS: ReadonlySet<string> = new Set();

export interface QueryOptions {
  /**
   * In which fields of a query people type: there `" Big  Corp "` and `"big corp"` are one. A field is a property, or
   * an entry of a Map, on any level; its text, or the texts in its array or Set, are put into Unicode NFC and small
   * letters, trimmed, and their inner white space is collapsed. All other texts stay exact: to ignore the case of an id
   * or a cursor would give one caller the result of another. Only right where the source does the same.
   * @default false (`true` for the `search` type of a manager: `q`, `query`, `text`, `search`, `term`)
   */
  normalizeText?: NormalizeText;
}

/** Deep enough for any query, shallow enough never to exhaust the stack. */
const MAX_DEPTH = 100;

/**
 * The digest of a query: equal for equal queries, different for all others. The order of object keys, Map entries and
 * Set members is irrelevant; a property of value `undefined` is absent; texts are exact, but for `normalizeText`.
 * @returns 64 hexadecimal digits.
 * @throws KeyError with the path to whatever has no canonical form: functions, symbols, cycles, class instances.
 * @example hashQuery({ q: 'acme', page: 1 }) === hashQuery({ page: 1, q: 'acme' })
 */
export function hashQuery(query: unknown, options: QueryOptions = {}): string {
  return sha256(canonicalForm(query, options));
}

/**
 * The text behind `hashQuery`: every kind of value has a mark of its own, every text is quoted, so nothing runs
 * together.
 */
export function canonicalForm(query: unknown, options: QueryOptions = {}): string {
  if (query === undefined) throw new KeyError('A query must not be undefined; for "no filter" pass {} or null.');
  const typed = textFields(options.normalizeText);
  return encode(query, { typed, isTyped: false, path: ['query'], ancestors: [] });
}

/** @throws KeyError for anything but a boolean or names */
export function textFields(normalizeText: NormalizeText = false): ReadonlySet<string> {
  if (typeof normalizeText === 'boolean') return normalizeText ? USUAL_FIELDS : NO_FIELDS;
  if (Array.isArray(normalizeText) && normalizeText.every((name) => typeof name === 'string'))
    return new Set(normalizeText);
  throw new KeyError(`normalizeText must be true, false or the names of fields; got ${kindOf(normalizeText)}.`);
}

/** Trimmed, inner white space collapsed, lower case, NFC. */
export function normalizeText(text: string): string {
  return text.normalize('NFC').trim().replace(/\s+/gu, ' ').toLowerCase().normalize('NFC');
}

interface Walk {
  /** The fields whose texts are normalised. */
  readonly typed: ReadonlySet<string>;
  /** Whether the current value is that of such a field, or stands in its array. */
  isTyped: boolean;
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
      // Its own mark: a text that another rule takes for exact must not meet it.
      return walk.isTyped ? `~${JSON.stringify(normalizeText(value))}` : JSON.stringify(value);
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

/**
 * Is it of exactly this class, with no added properties? What a subclass or a further property holds would be left out.
 */
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

/**
 * `Object.prototype.toString` tells `Uint8Array` from `Float64Array`, and takes a Buffer for the Uint8Array that it is.
 */
function encodeBytes(value: object, bytes: Buffer): string {
  return `B${Object.prototype.toString.call(value).slice(8, -1)}"${bytes.toString('base64')}"`;
}

function encodeMap(map: ReadonlyMap<unknown, unknown>, walk: Walk): string {
  const pairs = [...map].map(([key, item], index) => {
    const at = `{${index}}`;
    return `${encodeField(at, undefined, key, walk)}:${encodeField(at, key, item, walk)}`;
  });
  return pairs.sort().join(',');
}

function encodeRecord(record: object, walk: Walk): string {
  if (Object.getOwnPropertySymbols(record).length > 0) throw refuse(walk, 'a symbol as a property name');
  const byCodeUnit = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1); // never by locale
  return Object.entries(record)
    .filter(([, item]) => item !== undefined)
    .sort(byCodeUnit)
    .map(([name, item]) => `${JSON.stringify(name)}:${encodeField(`.${name}`, name, item, walk)}`)
    .join(',');
}

/** A name decides for its own value, whatever name that value stands below. */
function encodeField(step: string, name: unknown, value: unknown, walk: Walk): string {
  const { isTyped } = walk;
  walk.isTyped = typeof name === 'string' && walk.typed.has(name);
  const form = encodeAt(step, value, walk);
  walk.isTyped = isTyped;
  return form;
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
