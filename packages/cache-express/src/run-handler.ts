import type { Request } from 'express';
import type { Asked } from './asked.ts';
import type { CacheOutcome } from './cache-status.ts';
import { whenClientLeaves } from './client-gone.ts';
import { HandlerRun, type RunOutcome } from './handler-run.ts';
import { watchLeaving } from './leaving.ts';
import { CONDITIONAL, NarrowRequest, type Visible } from './narrow-request.ts';
import type { RoutePolicy } from './options.ts';
import { routeOf } from './route-name.ts';

const READS_CLIENT =
  'responses are not stored whose handler reads what only this client has; read it in middleware before cacheResponse, and let `scope` tell the responses apart that depend on it';

export interface RunReports {
  readonly warnOnce: (message: string) => void;
  /** The request cannot be narrowed: its handler sees it as it came. */
  readonly forward: () => void;
}

/**
 * Runs the handler of a request, which sees what the key covers, until it has answered or passed the request on.
 * Resolves as soon as is known whether its response may be stored; never rejects.
 * @param outcome how the cache says that it did not answer; `undefined`: the response is for others as well, and for
 * the store
 */
export function runHandler(
  policy: RoutePolicy,
  asked: Asked,
  outcome: CacheOutcome | undefined,
  { warnOnce, forward }: RunReports,
): Promise<RunOutcome> {
  const { req, res, next, hold, url, headers } = asked;
  const clientHeaders = req.headers;
  const seesWhoAsks = policy.audience === 'identified';
  const credentials = seesWhoAsks ? ['authorization', 'cookie'] : [];
  const pass = [...policy.passHeaders, ...credentials, ...(outcome ? CONDITIONAL : [])];
  return new Promise((onSettled) => {
    const narrow = narrowed(policy, req, { query: url.query, headers, pass, seesWhoAsks });
    if (!narrow) {
      onSettled({ kind: 'refused', reason: 'uncacheable', status: 500 });
      return forward();
    }
    const settled = (result: RunOutcome) => {
      if (result.kind === 'refused' && result.reason === 'client') warnOnce(`${READS_CLIENT}: req.${narrow.read}`);
      onSettled(result);
    };
    const run = new HandlerRun({ policy, req, res, hold, narrow, clientHeaders, outcome, onSettled: settled });
    const stopWatching = watchLeaving(req, next, () => run.leave());
    const stopListening = whenClientLeaves(req, res, () => run.abort());
    narrow.onRestore(() => {
      stopWatching();
      stopListening();
    });
    next();
  });
}

/** `undefined`: the request cannot be narrowed, or a query parser refused what is left of its query. */
function narrowed(policy: RoutePolicy, req: Request, visible: Visible): NarrowRequest | undefined {
  try {
    return new NarrowRequest(req, visible);
  } catch (err) {
    policy.cache.logger.warn({ err, route: routeOf(req) }, 'a request cannot be narrowed and is not cached');
    return undefined;
  }
}
