import type { IncomingMessage, ServerResponse } from 'node:http';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import type { HeaderMap, HeaderPairs } from './headers.ts';

/**
 * A part of a header that each request gets anew (a nonce, a request number, a token), which stands in a stored body
 * too. The body is for requests whose header has this part.
 */
export type Echo = readonly [of: 'request' | 'response', name: string, part: string];

/** More in one response than any page needs. */
export const MAX_ECHOES = 64;
const MAX_INFLATED_BYTES = 64 * 1024 * 1024;

/** Fields whose values are common words, or describe the message. */
const OF_THE_MESSAGE = new Set([
  'accept-ranges',
  'cache-status',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'date',
  'keep-alive',
  'transfer-encoding',
  'vary',
]);

/** Headers that name one request, or are a secret between it and the server. */
const OF_ONE_REQUEST =
  /(?:request|correlation|transaction|trace|span|session)[-_]?(?:id|number)$|csrf|xsrf|nonce|^traceparent$|^set-cookie$/;
/** What a library calls a random text: letters and digits, long. */
const RANDOM = /^(?=.*[a-z])(?=.*\d.*\d)[\w-]{16,}$/i;
/** The hash of a script stays the same as long as the script does. */
const HASH = /^sha(?:256|384|512)-/;
const NONCE = /'nonce-([^']+)'/g;
const WORD = /[\w-]{8,}/g;

export interface Repeating {
  readonly body: Uint8Array;
  /** The `Content-Encoding` of the body. */
  readonly encoding: string | undefined;
  /** The fields that are stored with it, or those of them that its handler set. */
  readonly fields: HeaderPairs;
}

/** The parts of some headers that stand in a response that is to be stored. */
export function echoesIn(
  { body, encoding, fields }: Repeating,
  headers: { readonly request: HeaderMap; readonly response: HeaderMap },
): readonly Echo[] {
  const candidates = (['request', 'response'] as const).flatMap((of) =>
    [...headers[of]].flatMap(([name, value]) => [...partsOf(name, value)].map((part): Echo => [of, name, part])),
  );
  if (candidates.length === 0) return [];
  const plain = decoded(body, encoding);
  if (!plain) return candidates; // what cannot be read may hold any of them
  const texts = fields.flatMap(([name, value]) => (OF_THE_MESSAGE.has(name.toLowerCase()) ? [] : value)).join('\n');
  return candidates.filter(([, , part]) => plain.includes(part) || texts.includes(part));
}

/** Does its name say that no other request has this part? */
export function isOfOneRequest([, name, part]: Echo, value: string): boolean {
  return OF_ONE_REQUEST.test(name) || value.includes(`'nonce-${part}`);
}

/** Does it look as if drawn at random? */
export function isRandom([, , part]: Echo): boolean {
  return RANDOM.test(part) && !HASH.test(part);
}

/** Is a stored body for this request? */
export function hasEchoes(req: IncomingMessage, res: ServerResponse, echoes: readonly Echo[]): boolean {
  return echoes.every(([of, name, part]) => {
    const value = of === 'request' ? req.headers[name] : res.getHeader(name);
    return [value].flat().some((text) => text !== undefined && String(text).includes(part));
  });
}

/**
 * What a body could repeat of a header: its value, its words, its nonces. Short words and numbers stand anywhere by
 * chance.
 */
function partsOf(name: string, value: string | readonly string[]): ReadonlySet<string> {
  const parts = new Set<string>();
  if (OF_THE_MESSAGE.has(name)) return parts;
  const isId = OF_ONE_REQUEST.test(name);
  for (const line of [value].flat()) {
    const text = name === 'set-cookie' ? cookieValue(line) : line.trim();
    if (text.length >= (isId ? 2 : 4) && (isId || !/^[\d.]{1,7}$/.test(text))) parts.add(text);
    for (const [word] of text.matchAll(WORD)) parts.add(word);
    for (const [, nonce] of text.matchAll(NONCE)) if (nonce) parts.add(nonce);
  }
  return parts;
}

function cookieValue(cookie: string): string {
  const [pair = ''] = cookie.split(';', 1);
  return pair.slice(pair.indexOf('=') + 1).trim();
}

/** A body as its reader sees it; `undefined` where that cannot be told. */
function decoded(body: Uint8Array, encoding: string | undefined): Buffer | undefined {
  const limits = { maxOutputLength: MAX_INFLATED_BYTES };
  try {
    switch (encoding?.trim().toLowerCase() ?? 'identity') {
      case 'identity':
        return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
      case 'gzip':
        return gunzipSync(body, limits);
      case 'br':
        return brotliDecompressSync(body, limits);
      case 'deflate':
        return inflateSync(body, limits);
      default:
        return undefined;
    }
  } catch {
    return undefined; // what no client can read either
  }
}
