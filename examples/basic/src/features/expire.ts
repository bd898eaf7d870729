import { type Print, setting } from '../setting.ts';

/** `expire` lets readers learn of a change a little later; `invalidate` does not. */
export async function expire(print: Print): Promise<void> {
  const { clock, leads } = setting<string>({ ttl: '1h', grace: '1h' });
  await leads.set(42, 'Ada');
  await leads.expire(42);
  print(`expired: ${await leads.getOrSet(42, () => 'Ada Lovelace')}`);
  await clock.advance(0);
  print(`refreshed: ${await leads.getOrSet(42, () => 'not asked')}`);
  await leads.invalidate(42);
  print(`invalidated: ${await leads.get(42)}`);
}
