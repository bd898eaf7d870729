import { SerializationError } from '../errors.ts';
import { refusedByJson } from './json-losses.ts';

/** A value as UTF-8 JSON. @throws SerializationError where it has no JSON form at all. */
export function encodeJson(value: unknown): Uint8Array {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    // No cause: its message quotes names of the value.
    const loss = refusedByJson(value);
    const reason = loss ? `${loss.path} is ${loss.what}` : 'a toJSON or a getter throws';
    throw new SerializationError(`The value has no JSON form: ${reason}.`);
  }
  if (text === undefined) throw new SerializationError(`A ${typeof value} has no JSON form.`);
  return Buffer.from(text, 'utf8');
}

/** A property named `__proto__` in JSON text, however its letters are written. */
const PROTO = new RegExp(`"${[...'__proto__'].map(asWritten).join('')}"\\s*:`);

function asWritten(letter: string): string {
  const hex = letter.charCodeAt(0).toString(16).padStart(4, '0');
  return `(?:${letter}|\\\\u${[...hex].map((digit) => (/\d/.test(digit) ? digit : `[${digit}${digit.toUpperCase()}]`)).join('')})`;
}

/**
 * Without properties named `__proto__`: harmless in themselves, they change the prototype of what an application copies
 * them to, and somebody else may write to a store.
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
