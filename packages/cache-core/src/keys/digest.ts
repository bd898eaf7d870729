import { createHash, createHmac } from 'node:crypto';

/** SHA-256 of the UTF-8 bytes, as 64 hexadecimal digits. */
export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** HMAC-SHA-256 (RFC 2104), as 64 hexadecimal digits: not to be guessed by those who lack the secret. */
export function hmacSha256(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text, 'utf8').digest('hex');
}
