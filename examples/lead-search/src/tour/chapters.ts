import type { CacheManager } from '@huntly/cache-core';
import type { SearchPage } from '../lead.ts';
import type { SearchEngine } from '../search-engine.ts';
import type { Client, Reply } from './client.ts';
import type { Facts } from './facts.ts';
import type { HoldableDatabase } from './holdable.ts';
import { heading, line, median, milliseconds, table } from './screen.ts';

export interface Stage {
  client: Client;
  manager: CacheManager;
  engine: SearchEngine;
  facts: Facts;
  database: HoldableDatabase;
}

const ROUNDS = 9;

const READS = [
  { name: 'search, rare words', call: 'GET /search?q=%22wind+maintenance%22+stockholm' },
  { name: 'search, common words', call: 'GET /search?q=demo+OR+budget&minScore=50' },
  { name: 'lead by id', call: 'GET /leads/4711' },
  { name: 'suggestions for "be"', call: 'GET /suggestions?prefix=be' },
  { name: 'analytics by industry', call: 'GET /analytics/industry' },
];

/** Each request cold and warm in turn; the first round only warms the program up. */
export async function coldAndWarm({ client, manager, facts }: Stage): Promise<void> {
  heading(`1  The same request, first from the database, then from the cache (medians of ${ROUNDS})`);
  const rows = [['', 'database', 'cache', '', 'database', 'cache', '']];
  for (const { name, call } of READS) {
    const pairs: { cold: Reply; warm: Reply }[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      await manager.clearAllCache();
      const cold = await client.send(call);
      const warm = await client.send(call);
      facts.check(`${name}: first from the database`, cold.source === 'database');
      facts.check(`${name}: then the same from the cache`, warm.source === 'cache' && warm.text === cold.text);
      facts.check(`${name}: the response itself was kept`, warm.cacheStatus.startsWith('huntly; hit'));
      if (round > 0) pairs.push({ cold, warm });
    }
    rows.push([name, ...comparison(pairs, 'tookMs'), ...comparison(pairs, 'serverMs')]);
  }
  line(`${' '.repeat(22)}${'the caller waits'.padStart(26)}${'inside the server'.padStart(30)}`);
  table(rows);
  line('The caller waits for HTTP as well. A hit is written from bytes: nothing is made into JSON again.');
}

function comparison(pairs: readonly { cold: Reply; warm: Reply }[], duration: 'tookMs' | 'serverMs'): string[] {
  const cold = median(pairs.map((pair) => pair.cold[duration]));
  const warm = median(pairs.map((pair) => pair.warm[duration]));
  return [milliseconds(cold), milliseconds(warm), `${(cold / warm).toFixed(0)} ×`];
}

const CROWD = 200;
const CROWD_QUERY = 'hospital staffing';

export async function crowd({ client, engine, facts }: Stage): Promise<void> {
  heading(`2  ${CROWD} callers ask at once for a search that nobody asked before`);
  const queriesBefore = engine.queries;
  const startedAt = performance.now();
  const call = `GET /search?q=${encodeURIComponent(CROWD_QUERY)}`;
  const replies = await Promise.all(Array.from({ length: CROWD }, () => client.send(call)));
  const tookMs = performance.now() - startedAt;
  const queries = engine.queries - queriesBefore;
  const answers = replies.filter((reply) => reply.status === 200).length;
  const hits = replies.filter((reply) => reply.source === 'cache').length;
  line(`${answers} answers in ${milliseconds(tookMs)}: ${CROWD - hits} from the database, ${hits} from the cache.`);
  facts.show(`${queries} database query for ${answers} answers`, queries === 1 && answers === CROWD);
  facts.show('all answers are equal', new Set(replies.map((reply) => reply.text)).size === 1);
}

export async function popularity({ client, facts }: Stage): Promise<void> {
  heading('4  What do people look for?');
  for (let time = 1; time <= 3; time++) {
    for (const q of ['heat pumps', 'Heat  PUMPS', ' heat pumps ']) {
      await client.json(`GET /search?q=${encodeURIComponent(q)}`);
    }
  }
  const { body } = await client.json<{ query: string; count: number }[]>('GET /popular?limit=3');
  table(body.map(({ query, count }) => [query, `${count}`]));
  const counts = new Map(body.map(({ query, count }) => [query, count]));
  facts.show(`${CROWD} callers count as ${CROWD}`, counts.get(CROWD_QUERY) === CROWD);
  facts.show('capitals and extra spaces make no new search', counts.get('heat pumps') === 9);
}

interface CacheHealth {
  readonly status: string;
  readonly checks: Record<string, readonly { readonly status: string }[]>;
}

export async function health({ client, engine, facts }: Stage): Promise<void> {
  heading('5  Is it well?');
  const reply = await client.json<{ status: string; database: { server: string } }>('GET /health');
  const cache = await client.json<CacheHealth>('GET /health/cache');
  line(`database ${reply.body.database.server}`);
  facts.show(`GET /health says "${reply.body.status}"`, reply.body.status === 'up');
  // "warn" is no failure: a Redis without `maxmemory` answers, and is remarked upon.
  const answered = Object.values(cache.body.checks)[0]?.[0]?.status;
  facts.show(`GET /health/cache says "${cache.body.status}", and the cache answers`, answered === 'pass');
  const metrics = await client.send('GET /metrics');
  facts.check(
    'Prometheus is told of the hits',
    /http_cache_requests_total\{route="\/search",result="hit"\} [1-9]/.test(metrics.text),
  );
  const nothing = await client.json<SearchPage>('GET /search?q=unicorn+xylophone');
  facts.check('a search without matches is empty', nothing.body.total === 0);
  const bad = await client.send('GET /search?q=solar&minScore=many');
  const { error } = JSON.parse(bad.text) as { error: { message: string } };
  line(`GET /search?q=solar&minScore=many answers ${bad.status} "${error.message}"`);
  facts.show(
    'bad input is refused, and the answer names the field',
    bad.status === 400 && error.message.startsWith('minScore'),
  );
  line(`Queries sent to the database in this tour: ${engine.queries}.`);
}
