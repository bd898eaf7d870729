import { createCache } from '@huntly/cache-core';

const leads = createCache({ types: { lead: { ttl: '1h' } }, logger: false }).type('lead');
await leads.claim('ada@example.com');
process.stdout.write('claimed\n');
