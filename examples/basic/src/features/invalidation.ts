import { type Print, setting } from '../setting.ts';

/** What was invalidated while it was loaded is not kept. */
export async function invalidation(print: Print): Promise<void> {
  const { cache, leads, other } = setting<string>({ ttl: '2h', tags: ['company:acme'] });
  await leads.getOrSet(42, async () => {
    await other.invalidate(42); // another process changes the lead meanwhile
    return 'read before the change';
  });
  print(`kept: ${await leads.get(42)}`);
  await leads.set(42, 'Ada');
  await cache.invalidateTags(['company:acme']);
  print(`after its tag was invalidated: ${await leads.get(42)}`);
}
