import { type Print, setting } from '../setting.ts';

/** The right to fill, where the load is not one function. */
export async function claims(print: Print): Promise<void> {
  const { leads } = setting<string>({ ttl: '2h' });
  const claim = await leads.claim(42);
  print(claim.hit ? claim.value : `filled: ${await claim.fill('Ada')}`);
  const again = await leads.claim(42);
  print(again.hit ? `a hit: ${again.value}` : 'nothing');
}
