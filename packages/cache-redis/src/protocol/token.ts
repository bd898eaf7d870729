import { randomBytes } from 'node:crypto';

/** 128 random bits: a token is used once, and never met again (P1). */
export function newToken(): string {
  return randomBytes(16).toString('base64url');
}

export const TOKEN_LENGTH = 22;
