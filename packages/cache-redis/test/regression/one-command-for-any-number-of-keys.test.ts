import type { StoreKey } from '@huntly/cache-core';
import { startRedis } from '@huntly/cache-testing';
import { expect, it } from 'vitest';
import { redisStore } from '../../src/index.ts';
import { patientClient } from '../races/patient-client.ts';
import { commandsDuring } from '../support/commands.ts';
import { ready } from '../support/ready.ts';

// 5,000 keys, or the nonces of 5,000 tags, were asked for by one command, and everybody else waited for all of it.

it('a read of the store asks for at most 1,000 keys at a time', async () => {
  const server = await startRedis();
  const client = patientClient({ url: server.url });
  const store = redisStore({ client });
  await ready(store);
  const scope = { namespace: undefined, type: 'legacy' };
  const keys: StoreKey[] = Array.from({ length: 2_000 }, (_, id) => ({
    text: `legacy:${id}`,
    scope,
    acceptsForeign: true,
  }));
  await Promise.all(keys.map(({ text }) => client.set(text, text)));
  let read: string[] = [];
  const commands = await commandsDuring(server, async () => {
    const replies = await store.read(keys);
    read = replies.map((reply) => (reply.kind === 'hit' ? Buffer.from(reply.entry.bytes).toString() : reply.kind));
  });
  expect(read).toEqual(keys.map(({ text }) => text));
  expect(commands).toEqual({ mget: 3 }); // with the nonce of the type
  await store.close();
  client.disconnect();
  await server.stop();
});
