import { describe, expect, it } from 'vitest';
import { addedHeaders, type HeaderMap } from '../src/headers.ts';
import { formatHttpDate, parseHttpDate } from '../src/http-date.ts';
import { responseFacts } from '../src/response-facts.ts';
import { freshForMs, isComplete, isStorable } from '../src/storable.ts';

const NOW = Date.UTC(2026, 0, 1);
const policy = (more: object = {}) => ({
  ttlMs: 60_000 as number | undefined,
  negativeTtlMs: undefined as number | undefined,
  keyedHeaders: new Set(['accept-language']),
  maxBodyBytes: 100,
  ...more,
});
const facts = (headers: Record<string, string | string[]>, status = 200, before: HeaderMap = new Map()) =>
  responseFacts(status, before, new Map(Object.entries(headers)));
const verdict = (headers: Record<string, string | string[]>, more: object = {}, status = 200) => {
  const found = isStorable(facts(headers, status), policy(more), NOW);
  return found.allowed ? 'stored' : found.reason;
};
const freshFor = (headers: Record<string, string>, more: object = {}, status = 200) =>
  freshForMs(facts(headers, status), policy(more), NOW);
const at = (seconds: number) => formatHttpDate(NOW + seconds * 1000);

describe('isStorable (RFC 9111 §3)', () => {
  it.each([
    [{}, 'stored'],
    [{ 'cache-control': 'no-cache' }, 'cache-control'],
    [{ 'cache-control': 'max-age=0' }, 'lifetime'],
    [{ 'cache-control': 's-maxage=0, max-age=60' }, 'lifetime'],
    [{ 'cache-control': 'max-age=x' }, 'lifetime'],
    [{ 'cdn-cache-control': 'private' }, 'cache-control'],
    [{ 'cache-control': 'no-store', 'cdn-cache-control': 'max-age=60' }, 'stored'],
    [{ 'cache-control': 'max-age=60', 'cdn-cache-control': 'no-store' }, 'cache-control'],
    [{ 'cache-control': 'no-store', 'cdn-cache-control': '' }, 'cache-control'],
    [{ 'cache-control': 'max-age=60', 'cdn-cache-control': 'max-age=60 x' }, 'malformed'],
    [{ trailer: 'x-sum' }, 'trailer'],
    [{ expires: '0' }, 'lifetime'],
    [{ expires: at(-1) }, 'lifetime'],
    [{ expires: at(10) }, 'stored'],
    [{ 'set-cookie': 'a=b' }, 'set-cookie'],
    [{ vary: 'Accept-Language' }, 'stored'],
    [{ vary: 'accept-language, X' }, 'vary'],
    [{ vary: '*' }, 'vary'],
    [{ vary: 'Accept-Language, *' }, 'vary'],
    [{ vary: 'Accept-Encoding' }, 'stored'],
    [{ vary: 'Accept-Encoding', 'content-encoding': 'gzip' }, 'encoding'],
    [{ 'content-encoding': 'gzip' }, 'encoding'],
    [{ 'content-encoding': 'identity' }, 'stored'],
    [{ 'content-range': 'bytes 0-1/2' }, 'partial'],
    [{ 'content-type': 'text/event-stream' }, 'stream'],
    [{ 'content-length': '101' }, 'too-large'],
    [{ age: '60', 'cache-control': 'max-age=60' }, 'lifetime'],
  ] as const)('%j: %s', (headers, expected) => {
    expect(verdict(headers as Record<string, string>)).toBe(expected);
  });

  it('stores statuses by option only', () => {
    expect(verdict({}, {}, 404)).toBe('status');
    expect(verdict({}, { negativeTtlMs: 1_000 }, 404)).toBe('stored');
    expect(verdict({}, { negativeTtlMs: 1_000 }, 410)).toBe('stored');
    expect(verdict({}, { negativeTtlMs: 1_000 }, 500)).toBe('status');
    expect(verdict({ 'cache-control': 'max-age=60' }, {}, 206)).toBe('partial');
  });

  it('without a TTL stores what the handler allows, and nothing where it says nothing', () => {
    expect(verdict({}, { ttlMs: undefined })).toBe('lifetime');
    expect(verdict({ 'cache-control': 'public' }, { ttlMs: undefined })).toBe('lifetime');
    expect(freshFor({ 'cache-control': 'max-age=600' }, { ttlMs: undefined })).toBe(600_000);
    expect(freshFor({ expires: at(90), date: at(0) }, { ttlMs: undefined })).toBe(90_000);
  });
});

describe('freshForMs (RFC 9111 §4.2.1)', () => {
  it.each([
    [{ 'cache-control': 'max-age=10' }, 10_000],
    [{ 'cache-control': 'max-age=600' }, 60_000],
    [{ 'cache-control': 'max-age=600, s-maxage=20' }, 20_000],
    [{ 'cdn-cache-control': 'max-age=30', 'cache-control': 'max-age=10' }, 30_000],
    [{ 'cache-control': 'max-age=30', expires: at(10) }, 30_000],
    [{ expires: at(10), date: at(0) }, 10_000],
    [{ expires: at(10), date: at(-5) }, 15_000],
    [{ 'cache-control': 'max-age=30', age: '7200, 0' }, 0],
    [{ 'cache-control': 'max-age=30', age: '10' }, 20_000],
    [{ 'cache-control': 'max-age=30', age: 'abc' }, 30_000],
  ] as const)('%j: %s ms', (headers, ms) => {
    expect(freshFor(headers as Record<string, string>)).toBe(ms);
  });

  it('a 404 has the negative TTL, tightened alike', () => {
    expect(freshFor({}, { negativeTtlMs: 5_000 }, 404)).toBe(5_000);
    expect(freshFor({ 'cache-control': 'max-age=1' }, { negativeTtlMs: 5_000 }, 404)).toBe(1_000);
  });
});

it('a body is complete by its promised length, or by its end while the client was there (RFC 9111 §3.3)', () => {
  expect(isComplete(5, 5)).toBe(true);
  expect(isComplete(4, 5)).toBe(false);
  expect(isComplete(5, undefined)).toBe(true);
});

it('stores end-to-end headers that the handler added (RFC 9111 §3.1)', () => {
  const before = new Map([
    ['x-request-id', '1'],
    ['vary', 'Origin'],
    ['x-same', 'a'],
  ]);
  const now = new Map<string, string | string[]>([
    ['x-request-id', '1'],
    ['x-same', 'b'],
    ['vary', 'Origin, Accept-Language'],
    ['connection', 'x-hop, close'],
    ['x-hop', '1'],
    ['keep-alive', 'timeout=5'],
    ['transfer-encoding', 'chunked'],
    ['set-cookie', ['a=b']],
    ['surrogate-key', 'a'],
    ['age', '5'],
    ['link', ['<a>', '<b>']],
  ]);
  expect(addedHeaders(before, now)).toEqual([
    ['x-same', 'b'],
    ['vary', 'Accept-Language'],
    ['link', ['<a>', '<b>']],
  ]);
});

describe('parseHttpDate (RFC 9110 §5.6.7)', () => {
  const ms = Date.UTC(1994, 10, 6, 8, 49, 37);
  it.each(['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'])(
    'reads %s',
    (text) => {
      expect(parseHttpDate(text, NOW)).toBe(ms);
    },
  );
  it.each([
    '0',
    '',
    '-1',
    'Sun, 06 Nov 1994 08:49:37 UTC',
    'Sun 06 Nov 1994 08:49:37 GMT',
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 8:49:37 GMT',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:49:37 GMT',
    '1994-11-06T08:49:37Z',
  ])('refuses %j', (text) => {
    expect(parseHttpDate(text, NOW)).toBeUndefined();
  });
});
