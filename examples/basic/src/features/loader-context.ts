import { type Print, setting } from '../setting.ts';

/** What a loader learns only while it loads: how long its value holds, what it depends on, whether to keep it. */
export async function loaderContext(print: Print): Promise<void> {
  const { cache, clock, leads } = setting<string>({ ttl: '2h', grace: '1h' });
  await leads.getOrSet(42, ({ setTtl, setTags }) => {
    setTtl('5m');
    setTags(['company:acme']);
    return 'Ada';
  });
  print(`fresh for ${await leads.getTtl(42)} s`);
  await clock.advance(301_000);
  await leads.getOrSet(42, ({ previous }) => `${previous} Lovelace`);
  await clock.advance(0);
  print(`made of the previous one: ${await leads.get(42)}`);
  await cache.invalidateTags(['company:acme']);
  await leads.getOrSet(7, ({ skip }) => {
    skip();
    return 'a draft';
  });
  print(`skipped: ${await leads.get(7)}`);
}
