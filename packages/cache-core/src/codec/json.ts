import { SerializationError } from '../errors.ts';
import { refusalOf } from './json-fates.ts';
import { refusedByJson } from './json-losses.ts';

/** Deeper values are left to `JSON.stringify`, which knows its own bounds. */
const MAX_DEPTH = 200;

/** A value as UTF-8 JSON. @throws SerializationError where it has no JSON form, or one without its content. */
export function encodeJson(value: unknown): Uint8Array {
  let text: string | undefined;
  try {
    text = isOrdinary(value, 0) ? JSON.stringify(value) : JSON.stringify(value, refusing);
  } catch (error) {
    // No cause: its message may quote names of the value.
    throw new SerializationError(`The value has no JSON form: ${reasonOf(value, error)}.`);
  }
  if (text === undefined) throw new SerializationError(`A ${typeof value} has no JSON form.`);
  return Buffer.from(text, 'utf8');
}

/**
 * Does the value hold only what JSON keeps, and dates? This takes a tenth of the time of `JSON.stringify`. A replacer
 * doubles that time, so only values that hold something else pay for one.
 */
function isOrdinary(value: unknown, depth: number): boolean {
  if (typeof value !== 'object')
    return typeof value !== 'function' && typeof value !== 'symbol' && typeof value !== 'bigint';
  if (value === null) return true;
  if (depth > MAX_DEPTH) return false;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) if (!isOrdinary(value[index], depth + 1)) return false;
    return true;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return prototype === Date.prototype;
  for (const name in value) if (!isOrdinary(value[name as keyof typeof value], depth + 1)) return false;
  return true;
}

/** Given to `JSON.stringify`: it sees what a `toJSON` has made, which is called once. */
function refusing(_name: string, value: unknown): unknown {
  const refusal = refusalOf(value);
  if (refusal) throw new Refusal(refusal.what);
  return value;
}

class Refusal extends Error {}

function reasonOf(value: unknown, error: unknown): string {
  const loss = refusedByJson(value);
  if (loss) return `${loss.path} is ${loss.what}`;
  if (error instanceof Refusal) return `it holds ${error.message}`;
  if (error instanceof RangeError) return 'it is nested too deeply, or too long';
  return 'a toJSON or a getter throws';
}

/** A property named `__proto__` in JSON text, however its letters are written. */
const PROTO = new RegExp(`"${[...'__proto__'].map(asWritten).join('')}"\\s*:`);

function asWritten(letter: string): string {
  const hex = letter.charCodeAt(0).toString(16).padStart(4, '0');
  return `(?:${letter}|\\\\u${[...hex].map((digit) => (/\d/.test(digit) ? digit : `[${digit}${digit.toUpperCase()}]`)).join('')})`;
}

/**
 * Without properties named `__proto__`: harmless in themselves, they change the prototype of what an application copies
 * them to, and other programs may write to a store.
 * @throws SerializationError where the bytes are no JSON. The message shows none of them.
 */
export function decodeJson(bytes: Uint8Array): unknown {
  try {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
    return mayHoldProto(text) && PROTO.test(text) ? JSON.parse(text, withoutProto) : JSON.parse(text);
  } catch {
    throw new SerializationError('The stored bytes are not JSON.'); // no cause: its message quotes the value
  }
}

/** Finding a text takes a fraction of the time of a pattern, which all but no value needs. */
function mayHoldProto(text: string): boolean {
  return text.includes('__proto__') || text.includes('\\u00');
}

function withoutProto(name: string, value: unknown): unknown {
  return name === '__proto__' ? undefined : value;
}
