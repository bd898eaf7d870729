import type { RedisServer } from '@huntly/cache-testing';

/** The commands that a server ran for its clients while `body` ran, by name; those that ask for this count are left out. */
export async function commandsDuring(
  server: RedisServer,
  body: () => Promise<unknown>,
): Promise<Record<string, number>> {
  await server.cli('CONFIG', 'RESETSTAT');
  await body();
  const stats = String(await server.cli('INFO', 'commandstats'));
  const counts: Record<string, number> = {};
  for (const [, name = '', calls] of stats.matchAll(/cmdstat_([^:\r\n]+):calls=(\d+)/g)) {
    if (!name.startsWith('config') && name !== 'info') counts[name] = Number(calls);
  }
  return counts;
}
