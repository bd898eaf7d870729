import { createCache } from '@huntly/cache-core';

const logger = {
  debug() {},
  info() {},
  warn: (_fields: object, message: string) => void process.stdout.write(message),
  error() {},
};
const leads = createCache({ types: { lead: { ttl: '1h', lease: '100ms' } }, logger }).type('lead');

async function main(): Promise<void> {
  await leads.claim(1); // and forgotten
  process.stdout.write(await leads.getOrSet(1, () => 'loaded'));
}
void main();
