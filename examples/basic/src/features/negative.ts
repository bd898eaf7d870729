import { type Print, setting } from '../setting.ts';

/** That there is nothing is worth remembering, but not for as long. */
export async function negativeTtl(print: Print): Promise<void> {
  const { leads } = setting<string | null>({ ttl: '2h', negativeTtl: '30s' });
  print(`lead 7: ${await leads.getOrSet(7, () => null)}, for ${await leads.getTtl(7)} s`);
  print(`lead 42: ${await leads.getOrSet(42, () => 'Ada')}, for ${await leads.getTtl(42)} s`);
  print(`lead 7 exists in the cache: ${await leads.exists(7)}`);
}
