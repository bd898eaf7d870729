import { SerializationError } from '../errors.ts';

/** A value as UTF-8 JSON. @throws SerializationError where it has no JSON form at all. */
export function encodeJson(value: unknown): Uint8Array {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    // No cause: its message quotes names of the value.
    throw new SerializationError('The value has no JSON form: a cycle, a BigInt, or a toJSON that throws.');
  }
  if (text === undefined) throw new SerializationError(`A ${typeof value} has no JSON form.`);
  return Buffer.from(text, 'utf8');
}

/** @throws SerializationError where the bytes are no JSON. The message shows none of them. */
export function decodeJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    throw new SerializationError('The stored bytes are not JSON.'); // no cause: its message quotes the value
  }
}
