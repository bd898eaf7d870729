import { AsyncLocalStorage } from 'node:async_hooks';
import type { RequestHandler } from 'express';

export type Origin = 'cache' | 'database';

/** The request that the code runs for, and how many statements were answered for it. */
const asked = new AsyncLocalStorage<{ queries: number }>();

/** Called with each answer of the database. One that a refresh in the background gets later does not count for a request that is over. */
export function countQuery(): void {
  const request = asked.getStore();
  if (request) request.queries += 1;
}

/**
 * Says in two headers whether the database was asked for this very request, and how long the server took. Set where the head is
 * sent and outside of `cacheResponse`: what is stored of a response must not tell the story of the request that made it.
 */
export const tellOrigin: RequestHandler = (_request, response, next) => {
  const mine = { queries: 0 };
  const startedAt = performance.now();
  const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => typeof response;
  response.writeHead = ((status: number, ...rest: unknown[]) => {
    if (status < 400) {
      const origin: Origin = mine.queries > 0 ? 'database' : 'cache';
      response.setHeader('X-Answer-From', origin);
      response.setHeader('Server-Timing', `${origin};dur=${(performance.now() - startedAt).toFixed(2)}`);
    }
    return writeHead(status, ...rest);
  }) as typeof response.writeHead;
  asked.run(mine, next);
};
