import { createCache } from '@huntly/cache-core';
import { describe, expect, it } from 'vitest';
import { cacheResponse } from '../../src/index.ts';
import { serve, VERSIONS } from '../support/serve.ts';

describe.each(VERSIONS)('a handler that spreads its request, on %s', (_name, express) => {
  it('has the names that it has without the cache, and was taken to have read the address of the client', async () => {
    const app = express();
    app.get('/x', cacheResponse({ cache: createCache({ types: {}, logger: false }), ttl: '1m' }), (req, res) => {
      const names = ['ip', 'ips', 'protocol', 'secure', 'host', 'hostname', 'subdomains'];
      const copy: Record<string, unknown> = { ...req };
      res.json(names.filter((name) => name in copy));
    });
    const { ask } = await serve(app);
    expect(await ask('/x')).toMatchObject({ text: '[]', cache: expect.stringContaining('stored') });
  });
});
