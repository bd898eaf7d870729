import { createCache } from '@huntly/cache-core';
import type { RequestHandler } from 'express';
import { describe, expect, it } from 'vitest';
import { cacheResponse } from '../../src/index.ts';
import { serve, VERSIONS } from '../support/serve.ts';

/** Two of them are equal for Node, whatever they hold. */
class Hidden {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

const PARSERS: readonly (readonly [string, (text: string) => unknown])[] = [
  ['URLSearchParams', (text) => new URLSearchParams(text)],
  ['a class that shows nothing', (text) => new Hidden(text)],
  ['a Map', (text) => new Map(new URLSearchParams(text))],
];

const show: RequestHandler = (req, res) => {
  const query: unknown = req.query;
  res.send(query instanceof Map ? JSON.stringify([...query]) : String(query));
};

describe.each(VERSIONS)('on %s', (_name, express) => {
  const cached = () => cacheResponse({ cache: createCache({ types: {}, logger: false }), ttl: '1m' });

  describe.each(PARSERS)('a query parser that makes %s', (_kind, parser) => {
    it('lost what middleware had put there, and shared it', async () => {
      const app = express();
      app.set('query parser', parser);
      app.use((req, _res, next) => {
        const value = parser(`q=1&tenant=${req.get('x-tenant') ?? ''}`);
        Object.defineProperty(req, 'query', { value, writable: true, enumerable: true, configurable: true });
        next();
      });
      app.get('/x', cached(), show);
      const { ask } = await serve(app);
      for (const tenant of ['a', 'b', 'a', 'b']) {
        const { text } = await ask('/x?q=1', { headers: { 'x-tenant': tenant } });
        expect(text).toContain('tenant');
        expect(text).toMatch(tenant === 'a' ? /tenant\W+a\b/ : /tenant\W+b\b/);
      }
    });

    it('shows the handler what it shows without the cache', async () => {
      const bare = express();
      const app = express();
      for (const each of [bare, app]) each.set('query parser', parser);
      bare.get('/x', show);
      app.get('/x', cached(), show);
      const [without, through] = [await serve(bare), await serve(app)];
      for (const path of ['/x?b=1&a=2', '/x?a=2&b=1', '/x?b=1&a=2', '/x?a=3'])
        expect((await through.ask(path)).text).toBe((await without.ask(path)).text);
    });
  });

  it('URLSearchParams that nobody has changed are cached', async () => {
    const app = express();
    app.set('query parser', (text: string) => new URLSearchParams(text));
    app.get('/x', cached(), show);
    const { ask } = await serve(app);
    await ask('/x?q=1');
    expect(await ask('/x?q=1')).toMatchObject({ text: 'q=1', cache: expect.stringMatching(/^hit/) });
    expect((await ask('/x?q=2')).text).toBe('q=2');
  });
});
