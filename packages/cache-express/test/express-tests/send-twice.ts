import http, { type ClientRequest, type RequestOptions } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';

// Loaded into the mocha of Express: every request of a test is sent twice, and the test sees the answer to the second.

type Call = readonly [name: 'write' | 'end' | 'flushHeaders', args: readonly unknown[]];
const NAMES = ['write', 'end', 'flushHeaders'] as const;

const send = http.request as (options: RequestOptions, onResponse?: unknown) => ClientRequest;

http.request = ((options: RequestOptions, onResponse?: unknown) => {
  const second = send(options, onResponse);
  const calls: Call[] = []; // what the second one sends, once the answer to the first has ended
  for (const name of NAMES) {
    const keep = (...args: unknown[]): unknown => {
      calls.push([name, args]);
      if (name === 'end') sendFirst(options, second, calls);
      return name === 'write' ? true : second;
    };
    Object.defineProperty(second, name, { value: keep, configurable: true });
  }
  return second;
}) as typeof http.request;

function sendFirst(options: RequestOptions, second: ClientRequest, calls: readonly Call[]): void {
  const first = send(options);
  for (const name of first.getHeaderNames()) first.removeHeader(name);
  for (const name of second.getRawHeaderNames()) first.setHeader(name, second.getHeader(name) ?? '');
  first.on('response', (response) => response.on('error', ignored).resume());
  first.on('error', ignored); // the second one has the same, and the test sees it
  first.on('close', () => {
    for (const name of NAMES) Reflect.deleteProperty(second, name);
    replay(second, calls);
  });
  replay(
    first,
    calls.map(([name, args]) => [name, args.filter((argument) => typeof argument !== 'function')]), // callbacks are of the second
  );
}

function replay(request: ClientRequest, calls: readonly Call[]): void {
  for (const [name, args] of calls) (request[name] as (...args: readonly unknown[]) => unknown)(...args);
}

function ignored(): void {}

// Tests wait for several callbacks with this helper. It throws at one too many, outside of any test, and mocha would end the whole run.
type After = (count: number, ...rest: readonly unknown[]) => unknown;
const requireThere = createRequire(join(process.env['EXPRESS_TESTS_DIR'] ?? '', 'package.json'));
const after = requireThere('after') as After;
const loaded = requireThere.cache[requireThere.resolve('after')];
if (!loaded) throw new Error('The module `after` was loaded and is not in the module cache.');
loaded.exports = ((count, ...rest) => {
  const countDown = after(count, ...rest);
  if (typeof countDown !== 'function') return countDown;
  let left = count;
  return (...args: unknown[]) => (left-- > 0 ? countDown(...args) : undefined);
}) satisfies After;
