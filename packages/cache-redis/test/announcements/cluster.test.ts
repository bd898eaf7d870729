import { type RedisCluster, startCluster, until } from '@huntly/cache-testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectionsOfEachTest, readiness, VERSIONS } from '../connection/fixture/connections.ts';
import { HEARTBEAT_MS, isDown, isOf, isUp, type Listening, listen } from './listening.ts';

describe.each(VERSIONS)('announcements of a Cluster with $version', ({ ioredis }) => {
  const { open } = connectionsOfEachTest();
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startCluster({ nodeTimeoutMs: 1_000 });
  });
  afterAll(() => cluster.stop());

  const start = async (): Promise<Listening> => {
    const nodes = cluster.nodes.map(({ host, port }) => ({ host, port }));
    const listening = listen(await readiness(open({ cluster: nodes, heartbeatMs: HEARTBEAT_MS }, ioredis)));
    await listening.next(isUp);
    return listening;
  };
  const write = async (key: string): Promise<void> => {
    await (await cluster.nodeOf(key)).cli('SET', key, 'x');
  };

  it('come from every node, and have all arrived once a barrier has resolved', async () => {
    const { channel, heard } = await start();
    const keys = Array.from({ length: 60 }, (_, index) => `shop/lead:${index}`);
    for (const key of [...keys, 'shop/tag:acme', 'shop/tag:lead']) await write(key);
    await channel.barrier();
    for (const key of [...keys, 'shop/tag:acme', 'shop/tag:lead']) expect(heard.some(isOf(key)), key).toBe(true);
    await channel.close();
  });

  it('are down as a whole while one node is frozen', async () => {
    const { channel, next } = await start();
    const node = await cluster.nodeOf('shop/lead:1');
    await node.freeze();
    await next(isDown);
    await expect(channel.barrier()).rejects.toThrow('barrier cannot be kept');
    await cluster.successorOf(node);
    await next(isUp);
    await write('shop/lead:1');
    await next(isOf('shop/lead:1'));
    await node.thaw();
    await cluster.settled();
    await channel.close();
  });

  it('follow an orderly failover, in which no connection breaks', async () => {
    const { channel, next } = await start();
    const before = await cluster.nodeOf('shop/lead:1');
    const after = await cluster.failover(before);
    await next(isDown);
    await next(isUp);
    await after.cli('SET', 'shop/lead:1', 'x');
    await next(isOf('shop/lead:1'));
    await until('a quiet channel', async () => {
      await channel.barrier();
      return true;
    });
    await channel.close();
  });

  it('are up again after a primary died and its successor took over', async () => {
    const { channel, next } = await start();
    const dead = await cluster.nodeOf('shop/lead:1');
    await dead.kill();
    await next(isDown);
    await cluster.successorOf(dead);
    await next(isUp);
    await write('shop/lead:1');
    await next(isOf('shop/lead:1'));
    await dead.restart();
    await cluster.settled();
    await channel.close();
  });
});
