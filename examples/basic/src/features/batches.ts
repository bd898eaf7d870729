import { type Print, setting } from '../setting.ts';

/** One read of the store, one call of the loader for what is missing. */
export async function batches(print: Print): Promise<void> {
  const { leads } = setting<string>({ ttl: '2h' });
  await leads.setMany([[1, 'Ada']]);
  const found = await leads.getOrSetMany([3, 1, 2], (missing) => {
    print(`loads ${missing.join(' and ')}`);
    return new Map(missing.map((id) => [id, `lead ${id}`]));
  });
  print(found.join(', '));
  print(String(await leads.getMany([1, 2, 9])));
  const settled = await leads.getOrSetManySettled([5, 6], () => ['lead 5', new Error('no such lead')]);
  print(settled.map(({ status }, index) => `lead ${index + 5}: ${status}`).join(', '));
}
