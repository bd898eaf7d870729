import { type Print, setting } from '../setting.ts';

/** A stale value at once, and no load. */
export async function stale(print: Print): Promise<void> {
  const { clock, leads } = setting<string>({ ttl: '5m', grace: '1h' });
  await leads.set(42, 'Ada');
  await clock.advance(600_000);
  print(`fresh ones alone: ${await leads.get(42)}`);
  print(`stale ones, too: ${await leads.get(42, { stale: true })}`);
}

/** Loads whatever is stored; if the load fails, that stays. */
export async function force(print: Print): Promise<void> {
  const { leads } = setting<string>({ ttl: '2h' });
  await leads.set(42, 'Ada');
  const failed = leads.getOrSet(42, () => Promise.reject(new Error('database gone')), { force: true });
  print(`forced: ${await failed.catch(String)}`);
  print(`stored: ${await leads.get(42)}`);
}

/** A caller leaves with its signal; the load goes on, and its value is stored. */
export async function signal(print: Print): Promise<void> {
  const { clock, leads } = setting<string>({ ttl: '2h' });
  const client = new AbortController();
  const slow = (): Promise<string> => new Promise((resolve) => clock.after(1_000, () => resolve('Ada')));
  const read = leads.getOrSet(42, slow, { signal: client.signal });
  await clock.advance(500);
  client.abort(new Error('the client has gone'));
  print(await read.catch(String));
  await clock.advance(500);
  print(`stored: ${await leads.get(42)}`);
}
