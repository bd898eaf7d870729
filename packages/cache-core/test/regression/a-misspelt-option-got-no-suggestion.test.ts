import { expect, it } from 'vitest';
import { createCache, memoryStore } from '../../src/index.ts';

const loose = (options: object) => options as never;

it('a misspelt ttl is one problem, which names what was meant', () => {
  const create = () => createCache(loose({ types: { lead: { tll: '2h' } }, logger: false }));
  expect(create).toThrow(/types\.lead\.tll is no setting of a type; .*, foreign\. Did you mean ttl\?$/);
  expect(create).not.toThrow('is missing');
});

it('an option that is close to none gets the list alone', () => {
  const create = () => createCache(loose({ types: { lead: { expires: '2h' } }, logger: false }));
  expect(create).toThrow('types.lead.ttl is missing');
  expect(create).toThrow(/types\.lead\.expires is no setting of a type; .*, foreign$/);
});

it('a misspelt type gets a suggestion too', () => {
  const cache = createCache({ types: { lead: { ttl: '1h' }, report: { ttl: '1h' } }, logger: false });
  expect(() => cache.type('leed' as never)).toThrow('its types are lead, report. Did you mean lead?');
  expect(() => cache.type('invoice' as never)).toThrow(/its types are lead, report\.$/);
});

it('so does every other place that takes options', async () => {
  expect(() => createCache(loose({ types: {}, namespce: 'shop' }))).toThrow('Did you mean namespace?');
  expect(() => createCache(loose({ types: {}, local: { maxEntry: 5 } }))).toThrow('Did you mean maxEntries?');
  expect(() => memoryStore(loose({ maxByte: 1 }))).toThrow('Did you mean maxBytes?');
  const cache = createCache({ types: { lead: { ttl: '1h' } }, logger: false });
  const read = cache.type('lead').getOrSet(1, () => 'Ada', loose({ tgas: ['a'] }));
  await expect(read).rejects.toThrow(/is no option of a call; .* Did you mean tags\?$/);
  await expect(cache.healthCheck(loose({ timeout: 1 }))).rejects.toThrow('Did you mean timeoutMs?');
  await expect(cache.healthCheck({ limits: loose({ latency: 1 }) })).rejects.toThrow('Did you mean latencyMs?');
});
