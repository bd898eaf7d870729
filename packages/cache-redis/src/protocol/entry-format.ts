import type { EntryId, NewEntry } from '@huntly/cache-core';
import type { Nonces } from './nonces.ts';
import { newToken, TOKEN_LENGTH } from './token.ts';

/**
 * A stored value is one line of JSON about it, then its bytes: `redis-cli GET` shows both. The line begins with the id,
 * so that a script can tell one value from another by its first bytes.
 */
const ANY_VERSION = '{"huntly":';
/** 2: keys have another grammar than those of 1, and what JSON would lose is not stored. */
const BEGINNING = `${ANY_VERSION}2,"id":"`;
const ID_LENGTH = BEGINNING.length + TOKEN_LENGTH;
const BEFORE_MARK = '","stale":';
/**
 * Where and how a script marks a value as stale, given how a value of ours begins. The mark is one byte in a fixed
 * place.
 */
export const STALE_MARK = [BEGINNING, ID_LENGTH + BEFORE_MARK.length, '1'] as const;
const BEFORE_TIME = ',"at":';
const TIME_LENGTH = 13;
/** Where a script writes the time: so many digits, in a fixed place. */
export const TIME_PLACE = ID_LENGTH + BEFORE_MARK.length + 1 + BEFORE_TIME.length;
const NEWLINE = 0x0a;
const FOREIGN = 'foreign:';
const FOREIGN_BYTES = 48;

export interface Header {
  readonly id: EntryId;
  /** 1: was made stale on purpose. */
  readonly stale: number;
  /** Milliseconds since the epoch by the clock of the server: tells how fresh a value is, never which one is newer. */
  readonly at: number;
  readonly fresh: number;
  readonly ttl: number;
  readonly load: number;
  /** The tags, that of the type among them, with their nonces when the load began. */
  readonly tags: readonly (readonly [tag: string, nonce: string])[];
}

export interface StoredValue {
  readonly header: Header;
  readonly bytes: Uint8Array;
}

export function encodeEntry(entry: NewEntry, at: number, nonces: Nonces): Buffer {
  const { freshForMs, expiresInMs, loadMs } = entry;
  const tags = Array.from(nonces, ([tag, { text }]) => [tag, text]);
  const rest = JSON.stringify({ fresh: freshForMs, ttl: expiresInMs, load: Math.round(loadMs), tags });
  const time = String(Math.round(at)).padStart(TIME_LENGTH, ' '); // of that length from 2001 to 2286; JSON allows blanks
  const line = `${BEGINNING}${newToken()}${BEFORE_MARK}0${BEFORE_TIME}${time},${rest.slice(1)}\n`;
  return Buffer.concat([Buffer.from(line, 'utf8'), entry.bytes]);
}

/** `undefined` for what this toolkit did not write, or what was cut off on the way. */
export function decodeEntry(stored: Buffer): StoredValue | undefined {
  if (stored.toString('latin1', 0, BEGINNING.length) !== BEGINNING) return undefined;
  const end = stored.indexOf(NEWLINE);
  const header = end < 0 ? undefined : parseHeader(stored.toString('utf8', 0, end));
  return header && { header, bytes: stored.subarray(end + 1) };
}

function parseHeader(line: string): Header | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return undefined; // not ours, or damaged
  }
  return isHeader(parsed) ? parsed : undefined;
}

/** Did this toolkit write it, in whatever version? Then it is no value of another program, readable or not. */
export function isOfThisToolkit(stored: Buffer): boolean {
  return stored.toString('latin1', 0, ANY_VERSION.length) === ANY_VERSION;
}

/** The store is shared, so what comes from it is not trusted. */
function isHeader(value: unknown): value is Header {
  const header = value as Partial<Record<keyof Header, unknown>>;
  const { id, stale, at, fresh, ttl, load } = header;
  if (typeof id !== 'string' || id.length !== TOKEN_LENGTH) return false;
  const hasTimes = Number.isFinite(at) && Number.isFinite(fresh) && Number.isFinite(ttl) && Number.isFinite(load);
  if (!hasTimes || !Number.isFinite(stale)) return false;
  return Array.isArray(header.tags) && header.tags.every(isTagPair);
}

function isTagPair(pair: unknown): boolean {
  return Array.isArray(pair) && pair.length === 2 && pair.every((text) => typeof text === 'string');
}

/** What tells this stored value from any other that its key may hold. */
export function entryIdOf(stored: Buffer): EntryId {
  const decoded = decodeEntry(stored);
  return decoded?.header.id ?? FOREIGN + stored.subarray(0, FOREIGN_BYTES).toString('base64');
}

/** The first bytes of the stored value with this id, as the lease script compares them. */
export function beginningOf(id: EntryId): Buffer | string {
  if (id.startsWith(FOREIGN)) return Buffer.from(id.slice(FOREIGN.length), 'base64');
  return (BEGINNING + id).slice(0, ID_LENGTH);
}
