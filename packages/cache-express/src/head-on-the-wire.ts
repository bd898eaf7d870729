import type { ServerResponse } from 'node:http';
import type { HeaderPairs, HeaderValue } from './headers.ts';

/** The first piece that was sent with a head. */
export interface FirstPiece {
  readonly chunk: unknown;
  readonly encoding: unknown;
  /** Of `flushHeaders`, `write` or `end`. */
  readonly by: 'flush' | 'write' | 'end';
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
const ASCII = /^[\x00-\x7f]*$/;

/**
 * Fields as texts whose Latin-1 bytes are those that Node sent. A head that goes out with a text is written in UTF-8
 * like that, and in Latin-1 otherwise, and of `Content-Disposition` Node has its own idea: so a hit, which always goes
 * out with a buffer, would differ. ASCII is left alone.
 */
export function asSent(headers: HeaderPairs, res: ServerResponse, first: FirstPiece | undefined): HeaderPairs {
  const isAscii = headers.every(([, value]) => [value].flat().every((text) => ASCII.test(text)));
  if (isAscii) return headers;
  const lines = sentLines(res);
  const isText = isSentAsText(res, first);
  return headers.map(([name, value]) => {
    const sent = lines.get(name.toLowerCase()) ?? [];
    const texts = [value].flat();
    const bytes = texts.map((text, index) => bytesAs(isText, sent.length === texts.length ? sent[index] : text, text));
    return [name, typeof value === 'string' ? (bytes[0] ?? '') : bytes] satisfies [string, HeaderValue];
  });
}

/** One text, such as a reason phrase. */
export function textAsSent(text: string, res: ServerResponse, first: FirstPiece | undefined): string {
  return ASCII.test(text) ? text : bytesAs(isSentAsText(res, first), text, text);
}

function bytesAs(isText: boolean, sent: string | undefined, given: string): string {
  return ASCII.test(given) ? given : Buffer.from(sent ?? given, isText ? 'utf8' : 'latin1').toString('latin1');
}

/** The values of each field in the head as Node formed it, by lower-case name. */
function sentLines(res: ServerResponse): ReadonlyMap<string, readonly string[]> {
  const head: unknown = Reflect.get(res, '_header');
  const lines = new Map<string, string[]>();
  if (typeof head !== 'string') return lines;
  for (const line of head.split('\r\n').slice(1)) {
    const colon = line.indexOf(': ');
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    lines.set(name, [...(lines.get(name) ?? []), line.slice(colon + 2)]);
  }
  return lines;
}

/**
 * Node joins the head with a first piece that is a text in UTF-8, and sends both in UTF-8. In chunks the first piece is
 * a length in Latin-1.
 */
function isSentAsText(res: ServerResponse, first: FirstPiece | undefined): boolean {
  if (first?.by === 'flush') return true;
  const { chunk, encoding } = first ?? {};
  if (typeof chunk !== 'string' || (typeof encoding === 'string' && encoding !== '' && encoding !== 'utf8'))
    return false;
  return chunk === '' ? first?.by === 'write' : !res.chunkedEncoding;
}
