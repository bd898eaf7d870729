import { type Print, setting } from '../setting.ts';

/** One load, over all callers and all processes that share the store. */
export async function oneLoad(print: Print): Promise<void> {
  const { clock, leads, other } = setting<string>({ ttl: '2h' });
  let loads = 0;
  const load = async () => `Ada, load ${++loads}`;
  const readers = Array.from({ length: 1_000 }, (_, index) => (index % 2 ? leads : other).getOrSet(42, load));
  await clock.advance(200);
  print(`${(await Promise.all(readers)).length} answers, ${loads} load`);
}
