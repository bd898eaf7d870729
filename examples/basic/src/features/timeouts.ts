import { type Print, setting } from '../setting.ts';

/** Readers of a stale value wait a little for the new one. */
export async function softTimeout(print: Print): Promise<void> {
  const { clock, leads } = setting<string>({ ttl: '1m', grace: '10m', softTimeout: '200ms' });
  const slow = () => new Promise<string>((resolve) => clock.after(300, () => resolve('Ada Lovelace')));
  await leads.getOrSet(42, () => 'Ada');
  await clock.advance(61_000);
  const reading = leads.getOrSet(42, slow);
  await clock.advance(200);
  print(`after 200 ms: ${await reading}`);
  await clock.advance(100);
  print(`after 300 ms: ${await leads.get(42)}`);
}

/** A loader that takes too long is told to stop, and nobody waits for it any more. */
export async function hardTimeout(print: Print): Promise<void> {
  const { clock, leads } = setting<string>({ ttl: '1m', hardTimeout: '2s' });
  const reading = leads.getOrSet(42, ({ signal }) => {
    signal.addEventListener('abort', () => print('the loader is told'));
    return new Promise<string>(() => {});
  });
  const outcome = reading.catch((error: Error) => error.message);
  await clock.advance(2_000);
  print(await outcome);
}
