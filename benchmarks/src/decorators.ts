// What a decorator adds to a hit in the in-process store: a decorated method against the `getOrSet` that one would write
// instead. Both run in turn in each round, in changing order; medians of the rounds.
import { createCache, hashQuery } from '@huntly/cache-core';
import { createDecorators } from '@huntly/cache-decorators';

const ROUNDS = 60;
const CALLS = 4_000;
const WARM_UP = 10;

interface Lead {
  readonly id: number;
  readonly name: string;
  readonly company: string;
}
const lead: Lead = { id: 42, name: 'Ada Lovelace', company: 'Analytical Engines' };
const load = async (): Promise<Lead> => lead;

const cache = createCache({ types: { lead: { ttl: '1h' } }, logger: false });
const leads = cache.type('lead');
const local = createCache({ types: { lead: { ttl: '1h' } }, local: true, logger: false }); // copies before the store
const localLeads = local.type('lead');
const { cacheResult: localResult } = createDecorators(local);
const { cacheResult, cached } = createDecorators(cache);

class Leads {
  @cacheResult('lead', (id) => id)
  async byKey(_id: number): Promise<Lead> {
    return load();
  }
  @cacheResult('lead', (id) => id, { ttl: (found) => (found.id > 0 ? '1h' : '1m'), tags: (id) => [`lead:${id}`] })
  async byKeyWithOptions(_id: number): Promise<Lead> {
    return load();
  }
  @localResult('lead', (id) => id)
  async local(_id: number): Promise<Lead> {
    return load();
  }
  @cacheResult('lead')
  async byArguments(_query: { readonly q: string; readonly page: number }): Promise<Lead> {
    return load();
  }
}
const service = new Leads();
const wrapped = cached(
  (_id: number) => load(),
  'lead',
  (id) => `wrapped.${id}`,
);
const query = { q: 'ada', page: 1 };

await compare('key function', {
  bare: () => leads.getOrSet(42, () => load()),
  decorated: () => service.byKey(42),
});
await compare('key function, copy in the process', {
  bare: () => localLeads.getOrSet(42, () => load()),
  decorated: () => service.local(42),
});
await compare('key function, computed TTL and tags', {
  bare: () => leads.getOrSet(42, () => load(), { ttl: ({ id }) => (id > 0 ? '1h' : '1m'), tags: ['lead:42'] }),
  decorated: () => service.byKeyWithOptions(42),
});
await compare('cached(fn), key function', {
  bare: () => leads.getOrSet(`wrapped.${42}`, () => load()),
  decorated: () => wrapped(42),
});
await compare('key of the arguments, bare with hashQuery', {
  bare: () => leads.getOrSet(`Leads.byArguments.${hashQuery([query])}`, () => load()),
  decorated: () => service.byArguments(query),
});
await Promise.all([cache.close(), local.close()]);

type Call = () => Promise<unknown>;

async function compare(what: string, { bare, decorated }: { bare: Call; decorated: Call }): Promise<void> {
  const times: { bare: number[]; decorated: number[]; ratio: number[] } = { bare: [], decorated: [], ratio: [] };
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    const isBareFirst = round % 2 === 0;
    const first = await timed(isBareFirst ? bare : decorated);
    const second = await timed(isBareFirst ? decorated : bare);
    if (round < WARM_UP) continue;
    const [ofBare, ofDecorated] = isBareFirst ? [first, second] : [second, first];
    times.bare.push(ofBare);
    times.decorated.push(ofDecorated);
    times.ratio.push(ofDecorated / ofBare);
  }
  const overhead = (median(times.ratio) - 1) * 100;
  const numbers = `bare ${median(times.bare).toFixed(2)} µs, decorated ${median(times.decorated).toFixed(2)} µs`;
  console.log(`${what}: ${numbers}, overhead ${overhead.toFixed(1)} % (median of ${ROUNDS} pairs)`);
}

/** Microseconds for one call. */
async function timed(call: Call): Promise<number> {
  const start = performance.now();
  for (let index = 0; index < CALLS; index++) await call();
  return ((performance.now() - start) * 1000) / CALLS;
}

function median(times: number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
}
