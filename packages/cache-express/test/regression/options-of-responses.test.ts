import { CacheConfigError, createCache, createCacheManager, type Logger } from '@huntly/cache-core';
import { describe, expect, it } from 'vitest';
import { type CacheResponseOptions, cacheResponse } from '../../src/index.ts';
import { serve, VERSIONS } from '../support/serve.ts';

const cache = createCacheManager({ logger: false, env: {} });
const SECRET = 'a secret of more than 16';

/** What is wrong with options, as JavaScript would give them. */
function problemsOf(options: unknown): readonly string[] {
  try {
    cacheResponse(options as CacheResponseOptions);
    return [];
  } catch (error) {
    if (CacheConfigError.is(error)) return error.problems;
    throw error;
  }
}

describe('the options of cacheResponse are checked as it is made', () => {
  it('a misspelt type would be dropped by nothing', () => {
    expect(problemsOf({ cache, type: 'serach' })).toEqual([
      expect.stringMatching(/^type must be a type of the cache; it has search, lead, user_prefs/),
    ]);
    for (const type of ['search', 'http']) expect(problemsOf({ cache, type })).toEqual([]);
    const plain = createCache({ types: {}, logger: false });
    expect(problemsOf({ cache, type: 'serch' })).toEqual([expect.stringMatching(/Did you mean search\?$/)]);
    expect(problemsOf({ cache: plain, type: 'report' })).toEqual(['type must be a type of the cache; it has none']);
    plain.addType('report', { ttl: '1m' });
    for (const type of ['report', 'http']) expect(problemsOf({ cache: plain, type })).toEqual([]);
  });

  it.each<[keyof CacheResponseOptions, unknown, RegExp]>([
    ['cache', undefined, /^cacheResponse must be given a Cache/],
    ['type', 5, /^type must be a text/],
    ['ttl', 'soon', /^ttl must be seconds/],
    ['grace', -1, /^grace must be more than 0/],
    ['query', 'q', /^query must be names of parameters, such as \['q', 'page'\]/],
    ['vary', 'accept-language', /^vary must be a list of request headers, or an object/],
    ['vary', { 'accept-language': true }, /^vary must be a list/],
    ['vary', null, /^vary must be a list/],
    ['vary', ['no name'], /^vary must be names of request headers/],
    ['passHeaders', 'traceparent', /^passHeaders must be a list/],
    ['passHeaders', [1], /^passHeaders must be a list/],
    ['shared', 'no', /^shared must be true or false/],
    ['dropOnUnsafe', 1, /^dropOnUnsafe must be true or false/],
    ['identity', 'user', /^identity must be a function of the request/],
    ['secret', SECRET, /^secret is for identities/],
    ['secret', 5, /^secret must be a text/],
    ['tags', ['lead:1'], /^tags must be a function of the request and the response/],
    ['clientDirectives', 'obey', /^clientDirectives must be/],
    ['maxVariants', '5', /^maxVariants must be a whole number/],
    ['maxBodyBytes', 0, /^maxBodyBytes must be a whole number/],
    ['name', true, /^name must be a token/],
    ['clock', Date, /^clock must be a Clock/],
  ])('%s: %j is refused', (option, value, problem) => {
    const problems = problemsOf({ cache, [option]: value });
    expect(problems[0]).toMatch(problem);
  });

  it('lists its options once, and none that is for tests', () => {
    const [first, ...others] = problemsOf({ cache, tll: 1, quer: 2, shared: 'no' });
    expect(first).toMatch(
      /^tll, quer are no options of cacheResponse; its options are cache, [^.]*, name\. Did you mean ttl, query\?$/,
    );
    expect(others).toEqual(['shared must be true or false']);
  });

  it('a secret that can be guessed is a warning', () => {
    const lines: string[] = [];
    const quiet = () => {};
    const logger: Logger = { debug: quiet, info: quiet, error: quiet, warn: (_data, line) => lines.push(line) };
    const loud = createCache({ types: {}, logger });
    cacheResponse({ cache: loud, identity: () => 'ann', secret: SECRET });
    expect(lines).toEqual([]);
    cacheResponse({ cache: loud, identity: () => 'ann', secret: 'x' });
    expect(lines).toEqual(['the secret of cacheResponse has less than 16 characters: it can be guessed']);
  });
});

it.each(VERSIONS)('a type that was added later drops the responses of its routes, on %s', async (_name, express) => {
  let runs = 0;
  const plain = createCache({ types: {}, logger: false });
  const reports = plain.addType('report', { ttl: '1m' });
  const app = express();
  app.get('/', cacheResponse({ cache: plain, type: 'report', ttl: '5m' }), (_req, res) => res.send(`run ${++runs}`));
  const { ask } = await serve(app);
  await ask('/');
  expect((await ask('/')).text).toBe('run 1');
  await reports.invalidateAll();
  expect((await ask('/')).text).toBe('run 2');
});
