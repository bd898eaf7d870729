import { createCache } from '@huntly/cache-core';
import { FakeClock } from '@huntly/cache-core/testing';
import { describe, expect, it } from 'vitest';
import { HitForMiss } from '../../src/hit-for-miss.ts';
import { cacheResponse } from '../../src/index.ts';
import { pathTag } from '../../src/request-key.ts';
import { serve, VERSIONS } from '../support/serve.ts';

describe.each(VERSIONS)('an invalidation on %s', (_name, express) => {
  it('did not reach other spellings of its path', async () => {
    const app = express();
    let version = 1;
    const cached = cacheResponse({ cache: createCache({ types: {}, logger: false }), ttl: '5m' });
    app.get('/l/:id', cached, (_req, res) => res.send(`version ${version}`));
    app.post('/l/:id', cached, (_req, res) => {
      version++;
      res.sendStatus(204);
    });
    const { ask } = await serve(app);
    const headers = { host: 'a.example' };
    const paths = ['/l/abc', '/l/%61bc', '/L/ABC/', 'http://a.example/l/abc', '/l/abc#x', '/l/abc?q=1'];
    for (const changed of paths) {
      for (const path of paths) await ask(path, { headers });
      await ask(changed, { method: 'POST', headers });
      for (const path of paths)
        expect((await ask(path, { headers })).text, `${changed}: ${path}`).toBe(`version ${version}`);
    }
  });
});

describe('the tag of a path', () => {
  it('took the square of the number of slashes', () => {
    const began = performance.now();
    for (let time = 0; time < 10; time++) pathTag('a', `${'/'.repeat(16_000)}x`);
    expect(performance.now() - began).toBeLessThan(500); // was 3 s and more
    expect(pathTag('a', '/x///')).toBe(pathTag('a', '/x'));
    expect(pathTag('a', '/%')).not.toBe(pathTag('a', '/'));
  });
});

describe('keys that are not waited for', () => {
  it('took all memory where they were long', () => {
    const misses = new HitForMiss(new FakeClock());
    const long = 'x'.repeat(1_000_000);
    for (let number = 0; number < 5; number++) misses.remember(`${number}${long}`, 1_000, 'unstorable');
    expect(['0', '1', '2', '3', '4'].filter((number) => misses.of(`${number}${long}`))).toEqual(['2', '3', '4']);
    for (let time = 0; time < 9; time++) misses.remember(`4${long}`, 1_000, 'unstorable'); // one key is counted once
    expect(misses.of(`2${long}`)).toBe('unstorable');
  });
});
