import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { type Echo, echoesIn, hasEchoes, isOfOneRequest, isRandom, MAX_ECHOES, type Repeating } from './echoes.ts';
import { type HeaderMap, type HeaderPairs, type HeaderValue, isOfTheBody, isSame, textOf } from './headers.ts';
import type { RoutePolicy } from './options.ts';
import { refuse, type Verdict } from './storable.ts';

/** What is known once a response is whole and everything below has had its say. */
export interface EchoedResponse extends Repeating {
  /** The headers of the response when its handler began. */
  readonly before: HeaderMap;
  readonly late: HeaderMap;
}

type Found = { readonly allowed: true; readonly echoes: readonly Echo[] } | Exclude<Verdict, { allowed: true }>;

const MESSAGE =
  'responses are not shared whose body holds a part of a header that each request gets anew, such as a nonce: set that header after cacheResponse, or keep it out of the body';

/** Routes of which this was said. */
const SAID = new WeakSet<RoutePolicy>();

/** Finds what a body repeats of headers that a hit has not from its stored response but from its own request. */
export class EchoFinder {
  readonly #policy: RoutePolicy;
  readonly #passed: HeaderMap;

  constructor(policy: RoutePolicy, clientHeaders: IncomingHttpHeaders) {
    this.#policy = policy;
    this.#passed = new Map(
      policy.passHeaders.flatMap((name) => {
        const value: HeaderValue | undefined = clientHeaders[name];
        return value === undefined ? [] : [[name, value] as const];
      }),
    );
  }

  find({ before, late, ...response }: EchoedResponse): Found {
    const isStored = new Set(response.fields.map(([name]) => name.toLowerCase()));
    const own = new Map([...late].filter(([name]) => !isStored.has(name)));
    const echoes: Echo[] = [];
    const changed = response.fields.filter(([name, value]) => !isSame(before.get(name.toLowerCase()), value));
    const repeated = echoesIn({ ...response, fields: changed }, { request: this.#passed, response: own });
    for (const echo of [...repeated, ...extended(response.fields, before)]) {
      const [of, name] = echo;
      // What a hook sets as the head is written cannot be compared before a hit: it is as random as it looks.
      const isLate = of === 'response' && !isStored.has(name) && !isSame(before.get(name), late.get(name));
      if (
        isOfOneRequest(echo, textOf(of === 'request' ? this.#passed : late, name) ?? '') ||
        (isLate && isRandom(echo))
      )
        return this.#refuse(name);
      if (!isLate) echoes.push(echo);
      if (echoes.length > MAX_ECHOES) return this.#refuse(name);
    }
    return { allowed: true, echoes };
  }

  #refuse(name: string): Found {
    sayOnce(this.#policy, name);
    return refuse('nonce') as Found;
  }
}

/** What stood in a field to which the handler added: the stored field holds both. */
function extended(fields: HeaderPairs, before: HeaderMap): readonly Echo[] {
  return fields.flatMap(([field, value]) => {
    const name = field.toLowerCase();
    const texts = name === 'vary' || isOfTheBody(name) ? [] : [before.get(name) ?? []].flat();
    const kept = texts.filter((text) => text !== '' && [value].flat().some((line) => line.includes(text)));
    return kept.map((text): Echo => ['response', name, text]);
  });
}

/**
 * May a stored response be sent to this request? One whose body repeats a header is for requests with the same header.
 */
export function isForRequest(
  req: IncomingMessage,
  res: ServerResponse,
  echoes: readonly Echo[],
  policy: RoutePolicy,
): boolean {
  if (echoes.length === 0 || hasEchoes(req, res, echoes)) return true;
  sayOnce(policy, echoes.find((echo) => !hasEchoes(req, res, [echo]))?.[1]);
  return false;
}

function sayOnce(policy: RoutePolicy, header: string | undefined): void {
  if (SAID.has(policy)) return;
  SAID.add(policy);
  policy.cache.logger.warn({ header }, MESSAGE);
}
