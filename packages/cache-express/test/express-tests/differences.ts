export type Major = 4 | 5;
/** How often each request of a test is sent. */
export type Sending = 'once' | 'twice';

/** Why tests may differ, each with where it is documented. */
export const REASONS = {
  'cache-control': 'docs/http.md#what-is-sent: where the handler gives no `Cache-Control`, the cache does',
  etag: 'docs/http.md#what-is-sent: a response without an `ETag` gets a digest of its body',
  vary: 'docs/http.md#what-is-sent: `Vary` has all names that the route was given',
  'cache-status': 'docs/http.md#what-is-sent: `Cache-Status` tells a HEAD that found nothing from a GET',
  'whole body': 'docs/compatibility.md#middleware: a hit has `Content-Length` where the miss came in chunks',
  /** The runner makes sure of it. */
  'counts its requests': 'the same without the cache: what is sent twice is done twice',
} as const;
export type DifferenceReason = keyof typeof REASONS;

export interface Difference {
  /** Its full title, with ` (2)` for the second one of the same title. */
  readonly test: string;
  readonly reason: DifferenceReason;
  /** @default both */
  readonly sent?: Sending;
  /** @default both */
  readonly express?: Major;
}

const always = (reason: DifferenceReason, tests: readonly string[]): Difference[] =>
  tests.map((test) => ({ test, reason }));
const twice = (reason: DifferenceReason, tests: readonly string[]): Difference[] =>
  tests.map((test) => ({ test, reason, sent: 'twice' }));
const only = (express: Major, differences: readonly Difference[]): Difference[] =>
  differences.map((difference) => ({ ...difference, express }));

const TRANSFER =
  'res when Transfer-Encoding header is present should not add Content-Length header if Transfer-Encoding header is';

export const DIFFERENCES: readonly Difference[] = [
  ...always('cache-status', ['HEAD should output the same headers as GET requests']),
  ...always('cache-control', [
    'express.static() cacheControl when false should not include Cache-Control',
    'express.static() cacheControl when false should ignore maxAge',
    'res .sendFile(path, options) with "cacheControl" option when false should not send cache-control header',
    'res .sendFile(path, options) with "maxAge" option when cacheControl: false should not send cache-control',
  ]),
  ...always('etag', ['res "etag" setting when enabled should not send ETag for res.send()']),
  ...always('vary', [
    'res .format(obj) with canonicalized mime types should Vary: Accept',
    'res .format(obj) with extnames should Vary: Accept',
    'res .format(obj) with parameters should Vary: Accept',
    'res .format(obj) in router should Vary: Accept',
    'res .format(obj) in router should Vary: Accept (2)',
    'res.vary() with an empty array should not set Vary',
    'res.vary() with an array should set the values',
    'res.vary() with a string should set the value',
    'res.vary() when the value is present should not add it again',
  ]),
  ...only(4, always('vary', ['res.vary() with no arguments should not set Vary'])),

  ...only(5, twice('whole body', [`${TRANSFER} equal to chunked`])),
  ...twice('counts its requests', [
    'app.all() should run the callback for a method just once',
    'app .param(name, fn) should not call when values differ on error',
    'app.router when next(err) is called should break out of app.router',
    'middleware .next() should behave like connect',
    'res .sendFile(path, fn) should invoke the callback when client aborts',
    'res .sendFile(path, fn) should invoke the callback when client already aborted',
    'resource DELETE /users/1 should delete user 1',
  ]),
  ...only(
    4,
    twice('counts its requests', [
      'res .sendfile(path, fn) should invoke the callback on socket error',
      'res .sendfile(path, fn) should invoke the callback when client aborts',
      'res .sendfile(path, fn) should invoke the callback when client already aborted',
      'res .sendfile(path) with a relative path should next(404) when not found',
    ]),
  ),
];
