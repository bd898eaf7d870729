import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { SerializationError } from '../errors.ts';

const zip = promisify(gzip);
const unzip = promisify(gunzip);

/** How gzip begins. JSON never does: it has no such control character. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Of what was decompressed without an error, the length before: its last four bytes (RFC 1952 §2.3.1). Of other bytes their own. */
export function plainLength(bytes: Uint8Array): number {
  if (!isGzip(bytes) || bytes.byteLength < 4) return bytes.byteLength;
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(bytes.byteLength - 4, true);
}

/** In another thread: a large value does not hold up the process. */
export async function compressed(bytes: Uint8Array): Promise<Uint8Array> {
  return zip(bytes);
}

/** @throws SerializationError for what is damaged, or would be longer than `maxBytes`: a few bytes can stand for gigabytes. */
export async function decompressed(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  try {
    return await unzip(bytes, { maxOutputLength: maxBytes });
  } catch {
    throw new SerializationError(`The stored bytes are damaged gzip, or stand for more than ${maxBytes} bytes.`);
  }
}
