import { type CacheManager, createCacheManager } from '@huntly/cache-core';
import { Database, type Lead } from './database.ts';
import { handleOf } from './decorators.ts';
import { protocolOfProbe } from './probe.ts';

/** What the two services, one for each protocol, are. */
interface LeadService {
  readonly cache: CacheManager;
  find(id: number): Promise<Lead | null>;
  search(query: { readonly q: string }): Promise<Lead[]>;
  count(text: string): Promise<number>;
  save(lead: Lead): Promise<Lead>;
}

/** What happened, and how many queries of the database that took. */
export type Fact = readonly [what: string, queries: number];

/** Calls a service whose methods are decorated, and counts what reaches the database. */
export async function tour(Service: new (cache: CacheManager, database: Database) => LeadService): Promise<Fact[]> {
  const database = new Database();
  const service = new Service(createCacheManager({ env: {}, logger: false }), database);
  const facts: Fact[] = [];
  const count = async (what: string, work: () => Promise<unknown>) => {
    const before = database.queries;
    await work();
    facts.push([what, database.queries - before]);
  };

  await count('100 searches at once', () =>
    Promise.all(Array.from({ length: 100 }, () => service.search({ q: 'ada' }))),
  );
  await count('the same search in other letters', () => service.search({ q: ' ADA' }));
  await count('a lead, twice', async () => [await service.find(7), await service.find(7)]);
  await count('no lead, twice', async () => [await service.find(9), await service.find(9)]);
  await count('saving the lead', () => service.save({ id: 7, name: 'Ada Lovelace' }));
  await count('the lead and the search again', async () => [await service.find(7), await service.search({ q: 'ada' })]);
  await count('a number, twice', async () => [await service.count('a'), await service.count('a')]);
  await count('the number, refreshed', () => handleOf(service, 'count').refresh('a'));
  await service.cache.close();
  return facts;
}

/** Prints the tour as JSON. */
export async function printTour(Service: Parameters<typeof tour>[0]): Promise<void> {
  const facts = await tour(Service);
  console.log(JSON.stringify({ protocol: protocolOfProbe, facts }, undefined, 2));
}
