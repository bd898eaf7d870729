import { createCache } from '@huntly/cache-core';
import { startRedis } from '@huntly/cache-testing';
import { expect, it } from 'vitest';
import { redisStore } from '../../src/index.ts';
import { patientClient } from '../races/patient-client.ts';
import { commandsDuring } from '../support/commands.ts';
import { ready } from '../support/ready.ts';

// 5,000 reads of one tick went as one command, and everybody else waited for all of it.

it('reads of one tick go in commands of at most 500 keys', async () => {
  const server = await startRedis();
  const client = patientClient({ url: server.url });
  const store = redisStore({ client });
  await ready(store);
  const cache = createCache({ types: { lead: { ttl: '1h' } }, store, logger: false });
  const leads = cache.type('lead');
  const ids = Array.from({ length: 2_000 }, (_, id) => id);
  await Promise.all(ids.map((id) => leads.set(id, id)));
  let read: unknown;
  const commands = await commandsDuring(server, async () => {
    read = await Promise.all(ids.map((id) => leads.get(id)));
  });
  expect(read).toEqual(ids);
  expect(commands).toEqual({ mget: 5 }); // and the nonce of the type
  await cache.close();
  client.disconnect();
  await server.stop();
});
