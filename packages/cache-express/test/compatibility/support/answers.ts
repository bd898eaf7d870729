import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';

/** What a client sees of a response, whichever way it came. */
export interface Answer {
  readonly status: number;
  /** By lower-case name, each value of its own. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly body: Buffer;
}

export interface Ask {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A way to an app: a socket, or an adapter that has none. */
export type Send = (ask: Ask) => Promise<Answer>;

/** Over a socket of its own each time. */
export function overHttp(port: number): Send {
  return ({ path, method = 'GET', headers = {}, body }) =>
    new Promise((resolve, reject) => {
      const outgoing = request({ port, host: '127.0.0.1', path, method, agent: false, headers: { ...headers } });
      outgoing.on('error', reject);
      outgoing.on('response', (incoming) => void answerOf(incoming).then(resolve, reject));
      outgoing.end(body);
    });
}

async function answerOf(incoming: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const { statusCode = 0, headersDistinct } = incoming;
  return { status: statusCode, headers: headersOf(headersDistinct), body: Buffer.concat(chunks) };
}

/** From the headers of any client. */
export function headersOf(headers: Readonly<Record<string, unknown>>): Answer['headers'] {
  const lists = Object.entries(headers).filter(([, value]) => value !== undefined);
  return Object.fromEntries(lists.map(([name, value]) => [name.toLowerCase(), [value].flat().map(String)]));
}

/** What `Cache-Status` says after the name of the cache; empty for an answer of an app without a cache. */
export function cacheOf({ headers }: Answer): string {
  return (headers['cache-status'] ?? []).join(', ').replace(/^.*huntly; /, '');
}

/** Of the connection or the moment, or added by the cache as `docs/http.md` says. */
const PASSING = ['age', 'cache-status', 'connection', 'date', 'keep-alive', 'transfer-encoding'];
/** The cache gives them where the app does not. */
const GIVEN = ['cache-control', 'content-length', 'etag'];

export interface Comparison {
  /** Names that the route gives to `cacheResponse`, which adds them to `Vary`. */
  readonly vary?: readonly string[];
  /** Headers that both answers must have, and that differ by their nature. */
  readonly varying?: readonly string[];
  /** Headers of a run of the handler, which a hit has not. */
  readonly ofRuns?: readonly string[];
  /** What differs by its nature in the body. */
  readonly mask?: RegExp;
}

/** What is compared of an answer; `plain` is the one without the cache. */
export function comparable(answer: Answer, plain: Answer, { vary = [], varying = [], ofRuns = [], mask }: Comparison) {
  const headers: Record<string, unknown> = {};
  for (const [name, values] of Object.entries(answer.headers)) {
    if (PASSING.includes(name) || ofRuns.includes(name) || name === 'vary') continue;
    if (GIVEN.includes(name) && plain.headers[name] === undefined) continue;
    headers[name] = varying.includes(name) ? 'varying' : values;
  }
  const own = listOf(plain.headers['vary']);
  const names = listOf(answer.headers['vary']).filter((name) => own.includes(name) || !vary.includes(name));
  const body = answer.body.toString('latin1'); // a character for each byte
  return { status: answer.status, headers, vary: names.sort(), body: mask ? body.replace(mask, '') : body };
}

function listOf(values: readonly string[] = []): string[] {
  const names = values.flatMap((value) => value.split(',')).map((name) => name.trim().toLowerCase());
  return names.filter((name) => name !== '');
}
