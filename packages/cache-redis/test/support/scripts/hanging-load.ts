import { createCache } from '@huntly/cache-core';

const leads = createCache({ types: { lead: { ttl: '1h' } }, logger: false }).type('lead');
void leads.getOrSet(1, () => new Promise<string>(() => {}));
