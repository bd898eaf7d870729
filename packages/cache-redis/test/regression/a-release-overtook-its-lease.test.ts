import { type StoreKey, systemClock } from '@huntly/cache-core';
import { type RedisServer, startRedis } from '@huntly/cache-testing';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { RELEASE } from '../../src/protocol/hold-scripts.ts';
import { LeaseDesk } from '../../src/protocol/leases.ts';
import { NonceKeeper } from '../../src/protocol/nonces.ts';
import { connectionsOfEachTest, readiness } from '../connection/fixture/connections.ts';

// A server that has lost its scripts answers the digest of one with NOSCRIPT, and is sent its text. What was to be sampled beside a lease
// failed meanwhile (on another node of a Cluster), and the release that followed came between the two: there was nothing to release yet.
// Then the lease was granted to nobody, and held everybody up for ten seconds.

const key: StoreKey = { text: 'lead:1', scope: { namespace: undefined, type: 'lead' } };

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
const connections = connectionsOfEachTest();

it.each([
  ['at once', { again: false }],
  ['again', { again: true }],
])('a lease that is asked for %s is granted before it is released', async (_name, { again }) => {
  const connection = await readiness(connections.open({ url: `redis://${server.host}:${server.port}` }));
  const { client } = connection;
  await server.cli('SCRIPT', 'FLUSH');
  await RELEASE.run(client, ['lease:{lead:0}'], ['none', 0]); // known again, as another process may have used it
  const nonces = new NonceKeeper(connection, systemClock);
  vi.spyOn(nonces, 'sample').mockRejectedValueOnce(new Error('its node is gone'));
  const sent = vi.spyOn(client, 'eval');
  const desk = new LeaseDesk(connection, nonces);
  await expect(desk.take(key, { ttlMs: 600_000, tags: [], again }, '')).rejects.toThrow('gone');
  const replies = () => Promise.all(sent.mock.results.map(({ value }) => value));
  await vi.waitFor(async () => expect(await replies()).toContainEqual(['granted'])); // beside the place in the log
  await vi.waitFor(async () => expect(await server.cli('EXISTS', 'lease:{lead:1}')).toBe(0));
});

it('a waiter that cannot read the nonce of the type gives back the lease that it was granted', async () => {
  const connection = await readiness(connections.open({ url: `redis://${server.host}:${server.port}` }));
  const { client } = connection;
  await server.cli('SCRIPT', 'FLUSH');
  await RELEASE.run(client, ['lease:{lead:0}'], ['none', 0]);
  vi.spyOn(client, 'mgetBuffer').mockRejectedValueOnce(new Error('its node is gone'));
  const sent = vi.spyOn(client, 'eval');
  const desk = new LeaseDesk(connection, new NonceKeeper(connection, systemClock));
  await expect(desk.take(key, { ttlMs: 600_000, tags: [], again: true }, '')).rejects.toThrow('gone');
  await vi.waitFor(async () => expect(await sent.mock.results[0]?.value).toEqual(['granted']));
  await vi.waitFor(async () => expect(await server.cli('EXISTS', 'lease:{lead:1}')).toBe(0));
});
