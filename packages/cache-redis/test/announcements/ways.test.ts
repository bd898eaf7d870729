import { type SentinelSetup, startRedis, startSentinels } from '@huntly/cache-testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectionsOfEachTest, readiness, VERSIONS } from '../connection/fixture/connections.ts';
import { HEARTBEAT_MS, isDown, isOf, isUp, listen } from './listening.ts';

describe.each(VERSIONS)('announcements over TLS with $version', ({ ioredis }) => {
  const { open } = connectionsOfEachTest();

  it('arrive, also over the connection that takes the place of one that was cut', async () => {
    const server = await startRedis({ tls: true });
    const options = { url: server.url, tls: { ca: server.ca }, heartbeatMs: HEARTBEAT_MS };
    const { channel, next } = listen(await readiness(open(options, ioredis)));
    await next(isUp);
    await server.cli('SET', 'shop/lead:1', 'x');
    await next(isOf('shop/lead:1'));
    await server.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await next(isDown);
    await next(isUp);
    await server.cli('SET', 'shop/lead:2', 'x');
    await channel.barrier();
    await next(isOf('shop/lead:2'));
    await channel.close();
    await server.stop();
  });
});

describe.each(VERSIONS)('announcements by Sentinels with $version', ({ ioredis }) => {
  const { open } = connectionsOfEachTest();
  let setup: SentinelSetup;
  beforeAll(async () => {
    setup = await startSentinels({ password: 'secret' });
  });
  afterAll(() => setup.stop());

  const start = async () => {
    const sentinels = setup.sentinels.map(({ host, port }) => ({ host, port }));
    const access = { sentinels, name: setup.name, password: 'secret', connectTimeoutMs: 300 };
    const listening = listen(await readiness(open({ ...access, heartbeatMs: HEARTBEAT_MS }, ioredis)));
    await listening.next(isUp);
    return listening;
  };

  it('come from the primary, and from its successor after an orderly failover', async () => {
    const { channel, next } = await start();
    await (await setup.primary()).cli('SET', 'shop/lead:1', 'x');
    await next(isOf('shop/lead:1'));
    const successor = await setup.failover();
    await next(isDown);
    await next(isUp);
    await successor.cli('SET', 'shop/lead:2', 'x');
    await next(isOf('shop/lead:2'));
    expect(channel.state).toBe('up');
    await channel.close();
  });

  it('come from the successor of a primary that died', async () => {
    const { channel, next } = await start();
    const dead = await setup.primary();
    await dead.kill();
    await next(isDown);
    await expect(channel.barrier()).rejects.toThrow('barrier cannot be kept');
    const successor = await setup.successorOf(dead);
    await next(isUp);
    await successor.cli('SET', 'shop/lead:3', 'x');
    await channel.barrier();
    await next(isOf('shop/lead:3'));
    await channel.close();
    await dead.restart();
    await setup.settled();
  });
});
