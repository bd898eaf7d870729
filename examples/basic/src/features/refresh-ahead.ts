import { type Print, setting } from '../setting.ts';

/** A value that is read in the last part of its TTL is loaded anew, and no reader waits. */
export async function refreshAhead(print: Print): Promise<void> {
  const { clock, leads } = setting<string>({ ttl: '100s', refreshAhead: true });
  await leads.getOrSet(42, () => 'Ada');
  await clock.advance(96_000);
  print(`4 s before its end: ${await leads.getOrSet(42, () => 'Ada Lovelace')}`);
  await clock.advance(0);
  print(`now fresh for ${await leads.getTtl(42)} s: ${await leads.get(42)}`);
}
