import { CacheConfigError, createCache } from '@huntly/cache-core';
import type { NextFunction, Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { healthRoute, responseType, statsRoute } from '../../src/index.ts';
import { metricsRoute } from '../../src/metrics-route.ts';
import { serve, VERSIONS } from '../support/serve.ts';

/** What is wrong with a call, as JavaScript would make it. */
function problemsOf(make: (...args: never[]) => unknown, ...args: unknown[]): readonly string[] {
  try {
    (make as (...args: unknown[]) => unknown)(...args);
    return [];
  } catch (error) {
    if (CacheConfigError.is(error)) return error.problems;
    throw error;
  }
}
const newCache = () => createCache({ types: {}, logger: false });

describe('the arguments of the routes are checked as they are made, all at once', () => {
  it.each([healthRoute, statsRoute, metricsRoute])('%o needs a cache', (route) => {
    const problem = `${route.name} must be given a Cache or a CacheManager`;
    for (const none of [undefined, null, {}, 'cache']) expect(problemsOf(route, none)).toEqual([problem]);
    expect(problemsOf(route, undefined, null)).toEqual([problem, `the options of ${route.name} must be an object`]);
    expect(problemsOf(route, newCache())).toEqual([]);
  });

  it('healthRoute', () => {
    expect(problemsOf(healthRoute, newCache(), { require: true, detail: 1 })).toEqual([
      'require, detail are no options of healthRoute; its options are required, details, deadline, remember, failAfter, serviceId, description. Did you mean required, details?',
    ]);
    const wrong = {
      required: 'no',
      details: true,
      deadline: 'soon',
      remember: -1,
      failAfter: 0,
      serviceId: 7,
      description: '',
      clock: {},
    };
    expect(problemsOf(healthRoute, newCache(), wrong)).toEqual([
      'required must be true or false',
      'details must be a function of the request',
      expect.stringMatching(/^deadline must be seconds/),
      expect.stringMatching(/^remember must be more than 0/),
      'failAfter must be a whole number above 0',
      'serviceId must be a text that is not empty',
      'description must be a text that is not empty',
      'clock must be a Clock',
    ]);
    const undefinedOnes = Object.fromEntries(Object.keys(wrong).map((name) => [name, undefined]));
    expect(problemsOf(healthRoute, newCache(), undefinedOnes)).toEqual([]);
  });

  it('statsRoute', () => {
    const closed = () => false;
    const misspelt = 'alow is no option of statsRoute; its options are allow';
    expect(problemsOf(statsRoute, newCache(), { alow: closed })).toEqual([misspelt]);
    expect(problemsOf(statsRoute, newCache(), { allow: false, alow: closed })).toEqual([
      misspelt,
      'allow must be a function of the request',
    ]);
    expect(problemsOf(statsRoute, newCache(), closed)).toEqual(['the options of statsRoute must be an object']);
  });

  it('metricsRoute and responseType', () => {
    expect(problemsOf(metricsRoute, newCache(), { registery: {}, registry: {} })).toEqual([
      'registery is no option of metricsRoute; its options are registry, prefix, name. Did you mean registry?',
      'registry must be a Registry of prom-client',
    ]);
    expect(problemsOf(responseType, { tll: '1m', local: 'yes' })).toEqual([
      'tll is no option of responseType; its options are local',
      'local must be true or false',
    ]);
  });
});

describe.each(VERSIONS)('who is allowed, on %s', (_name, express) => {
  const answers: readonly [string, () => unknown, boolean][] = [
    ['true', () => true, true],
    ['false', () => false, false],
    ['a promise of true', async () => true, true],
    ['a promise of false', async () => false, false],
    ['what is truthy', () => 'yes', false],
    ['nothing', () => undefined, false],
  ];
  it.each(answers)('%s', async (_what, permission, isAllowed) => {
    const app = express();
    app.get('/stats', statsRoute(newCache(), { allow: permission as () => boolean }));
    app.get('/health', healthRoute(newCache(), { details: permission as () => boolean }));
    const { ask } = await serve(app);
    expect((await ask('/stats')).status).toBe(isAllowed ? 200 : 403);
    expect('checks' in (JSON.parse((await ask('/health')).text) as object)).toBe(isAllowed);
  });

  it('one that rejects is an error of the request and of nothing else', async () => {
    const app = express();
    const failing = () => Promise.reject(new Error('no session'));
    app.get('/stats', statsRoute(newCache(), { allow: failing }));
    app.use((_error: unknown, _req: Request, res: Response, _next: NextFunction) => {
      res.status(500).send('failed');
    });
    const { ask } = await serve(app);
    expect(await ask('/stats')).toMatchObject({ status: 500, text: 'failed' });
  });
});
