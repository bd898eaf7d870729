import type { Asked } from './asked.ts';
import type { CacheOutcome } from './cache-status.ts';
import { whenClientLeaves } from './client-gone.ts';
import { HandlerRun, type RunOutcome } from './handler-run.ts';
import { watchLeaving } from './leaving.ts';
import { CONDITIONAL, NarrowRequest } from './narrow-request.ts';
import type { RoutePolicy } from './options.ts';

/**
 * Runs the handler of a request, which sees what the key covers, until it has answered or passed the request on. Resolves as soon as is known whether
 * its response may be stored; never rejects.
 * @param outcome how the cache says that it did not answer; `undefined`: the response is for others as well, and for the store
 */
export function runHandler(policy: RoutePolicy, asked: Asked, outcome: CacheOutcome | undefined): Promise<RunOutcome> {
  const { req, res, next, hold, url, headers } = asked;
  const clientHeaders = req.headers;
  const credentials = policy.audience === 'identified' ? ['authorization', 'cookie'] : [];
  const pass = [...policy.passHeaders, ...credentials, ...(outcome ? CONDITIONAL : [])];
  return new Promise((onSettled) => {
    try {
      const narrow = new NarrowRequest(req, { query: url.query, headers, pass });
      const run = new HandlerRun({ policy, req, res, hold, narrow, clientHeaders, outcome, onSettled });
      const stopWatching = watchLeaving(req, next, () => run.leave());
      const stopListening = whenClientLeaves(req, res, () => run.abort());
      narrow.onRestore(() => {
        stopWatching();
        stopListening();
      });
    } catch (error) {
      onSettled({ kind: 'refused', reason: 'uncacheable', status: 500 }); // a query parser refused, as it would have in the handler
      return next(error);
    }
    next();
  });
}
