import { type Print, setting } from '../setting.ts';

/** A stale value is served at once, and replaced in the background. */
export async function grace(print: Print): Promise<void> {
  const { clock, leads } = setting<string>({ ttl: '1m', grace: '10m' });
  await leads.getOrSet(42, () => 'Ada');
  await clock.advance(61_000);
  print(`past its TTL, at once: ${await leads.getOrSet(42, () => 'Ada Lovelace')}`);
  await clock.advance(0);
  print(`a moment later: ${await leads.getOrSet(42, () => 'not asked')}`);
}

/** A source that fails is seen by nobody while there is grace. */
export async function staleIfError(print: Print): Promise<void> {
  const { clock, leads } = setting<string>({ ttl: '1m', grace: '10m' });
  const failing = () => Promise.reject(new Error('database gone'));
  await leads.getOrSet(42, () => 'Ada');
  await clock.advance(5 * 60_000);
  print(`within the grace: ${await leads.getOrSet(42, failing)}`);
  await clock.advance(6 * 60_000);
  print(`after it: ${await leads.getOrSet(42, failing).catch(String)}`);
}
