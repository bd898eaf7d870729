import type { StoreStatus } from '@huntly/cache-core';
import { type RedisCluster, type RedisServer, startCluster, until } from '@huntly/cache-testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/connection/connection.ts';
import { clusterSettings } from '../../src/connection/ioredis-options.ts';
import { targetOf } from '../../src/connection/target.ts';
import { connectionsOfEachTest, failure, readiness, VERSIONS } from './fixture/connections.ts';

const PASSWORD = 'a pass/word?#@%';
const LONG = { timeout: 30_000 };

describe.each(VERSIONS)('a Cluster with $version', LONG, ({ ioredis }) => {
  const { open } = connectionsOfEachTest();
  let cluster: RedisCluster;
  const seeds = (): { host: string; port: number }[] => cluster.nodes.map(({ host, port }) => ({ host, port }));
  const openAll = (): Connection => open({ cluster: seeds(), password: PASSWORD }, ioredis);
  beforeAll(async () => {
    cluster = await startCluster({ password: PASSWORD, nodeTimeoutMs: 1_000 });
  }, 60_000);
  afterAll(() => cluster.stop());

  it('answers for all slots from the first moment on', async () => {
    const connection = await readiness(openAll());
    expect(connection.isCluster).toBe(true);
    const keys = Array.from({ length: 60 }, (_, index) => `key:${index}`);
    await Promise.all(keys.map((key) => connection.client.set(key, key, 'PX', 60_000)));
    expect(await Promise.all(keys.map((key) => connection.client.get(key)))).toEqual(keys);
  });

  it('finds the whole Cluster from one node, named as text', async () => {
    const [, , , replica] = seeds();
    const text = `${replica?.host}:${replica?.port}`;
    const connection = await readiness(open({ cluster: [text], password: PASSWORD }, ioredis));
    expect(connection.primaries()).toHaveLength(3);
  });

  it('holds one connection to each primary, none to replicas, and none once it is closed', async () => {
    const primaries = await cluster.primaries();
    const counts = (): Promise<number[]> => Promise.all([...primaries, ...cluster.nodes].map(connectionsTo));
    await until('those of other tests to end', async () => (sum(await counts()) === 0 ? true : undefined));
    // A replica among the nodes named would get one too: ioredis tells it to be a replica.
    const named = primaries.map(({ host, port }) => ({ host, port }));
    const connection = await readiness(open({ cluster: named, password: PASSWORD }, ioredis));
    expect(await counts()).toEqual([1, 1, 1, ...cluster.nodes.map((node) => (primaries.includes(node) ? 1 : 0))]);
    await connection.close();
    await until('the connections to end', async () => (sum(await counts()) === 0 ? true : undefined));
  });

  it('takes a supplied client, and leaves it open', async () => {
    const target = targetOf({ cluster: seeds(), password: PASSWORD });
    if (target.kind !== 'cluster') throw new Error(target.kind);
    const client = new ioredis.Cluster(
      seeds(),
      clusterSettings(target, () => 50),
    );
    const connection = await readiness(open({ client }));
    expect(connection.isCluster).toBe(true);
    expect(await Promise.all(connection.primaries().map((primary) => primary.ping()))).toEqual([
      'PONG',
      'PONG',
      'PONG',
    ]);
    await connection.close();
    expect(await client.set('key', 'value', 'PX', 60_000)).toBe('OK');
    client.disconnect();
  });

  it('follows an orderly failover', async () => {
    const connection = await readiness(openAll());
    const before = await cluster.nodeOf('key');
    const successor = await cluster.failover(before);
    await until('an answer for a write', () => connection.client.set('key', 'new', 'PX', 60_000));
    expect(await successor.cli('GET', 'key')).toBe('new');
    await until(
      'the new primary',
      () => connection.primaries().some((each) => portOf(each) === successor.port) || undefined,
    );
    expect(connection.status()).toEqual({ state: 'ready' });
  });

  it('serves the other slots while a primary is dead, and all of them after its successor took over', async () => {
    const connection = await readiness(openAll());
    const seen: StoreStatus[] = [];
    connection.onStatus((status) => seen.push(status));
    const dead = await cluster.nodeOf('key');
    await dead.kill();
    await expect(connection.client.get('key')).rejects.toThrow();
    // An interruption, as its successor may not know all that it knew; but not the end of the others.
    await until('the others to be used', () => seen.at(-1)?.state === 'ready' || undefined);
    expect(seen[0]).toEqual({ state: 'down', reason: 'reconnecting' });
    await cluster.successorOf(dead);
    await until('an answer', async () => (await connection.client.set('key', 'value', 'PX', 60_000)) ?? undefined);
    await dead.restart();
    await cluster.settled();
  });

  it('is not used with more primaries than there may be connections for', async () => {
    const connection = open({ cluster: seeds(), password: PASSWORD, maxConnections: 5 }, ioredis);
    expect(await failure(connection)).toBe('6 connections needed, maxConnections is 5');
  });

  it('says that the password is wrong, without it', async () => {
    const connection = open({ cluster: seeds(), password: 'wrong-secret' }, ioredis);
    expect(await failure(connection)).toBe('WRONGPASS');
  });

  it('says that no node answers, and finds the Cluster once it is back', async () => {
    await Promise.all(cluster.nodes.map((node) => node.kill()));
    const connection = openAll();
    expect(await failure(connection)).toBe('NO_NODE');
    await expect(connection.client.get('key')).rejects.toThrow("Cluster isn't ready");
    await Promise.all(cluster.nodes.map((node) => node.restart()));
    await cluster.settled();
    await readiness(connection);
    expect(await connection.client.set('key', 'value', 'PX', 60_000)).toBe('OK');
  });

  it('can be closed while no node answers', async () => {
    await Promise.all(cluster.nodes.map((node) => node.kill()));
    const connection = openAll();
    await failure(connection);
    await connection.close();
    await expect(connection.client.get('key')).rejects.toThrow();
  });
});

function portOf(client: { readonly options?: object | undefined }): unknown {
  return client.options && 'port' in client.options ? client.options.port : undefined;
}

async function connectionsTo(node: RedisServer): Promise<number> {
  const clients = String(await node.cli('CLIENT', 'LIST', 'TYPE', 'NORMAL')).split('\n');
  return clients.filter((line) => line.includes('name=huntly-cache ')).length;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
