import { createCache, systemClock } from '@huntly/cache-core';
import { type RedisCluster, type RedisServer, startCluster, startRedis, until } from '@huntly/cache-testing';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LocalTier } from '../../../cache-core/src/engine/local-tier.ts';
import { RedisChannel } from '../../src/announcements.ts';
import type { Connection, TopologyChange } from '../../src/connection/connection.ts';
import { redisStore } from '../../src/index.ts';
import { SlotMove, slotOf } from '../support/slots.ts';
import { HEARTBEAT_MS, scopes } from './listening.ts';
import { startProxy } from './proxy.ts';

describe('a copy of a value that an ASK led to, at a node without a slot', () => {
  let cluster: RedisCluster;
  let fresh: RedisServer;
  beforeAll(async () => {
    cluster = await startCluster({ replicas: 0 });
    fresh = await startRedis({ config: { 'cluster-enabled': 'yes', 'cluster-config-file': 'nodes.conf' } });
    const [known] = cluster.nodes;
    await fresh.cli('CLUSTER', 'MEET', known?.host ?? '', known?.port ?? 0);
    await until('a Cluster of four', async () => {
      const views = await Promise.all([...cluster.nodes, fresh].map(async (node) => node.cli('CLUSTER', 'NODES')));
      return views.every((view) => String(view).match(/ connected/g)?.length === 4) || undefined;
    });
    await until('a node that serves', async () => {
      return String(await fresh.cli('CLUSTER', 'INFO')).includes('cluster_state:ok') || undefined;
    });
  });
  afterAll(async () => {
    await fresh.stop();
    await cluster.stop();
  });

  it('goes when the value is invalidated once the slot is there', async () => {
    const nodes = cluster.nodes.map(({ host, port }) => ({ host, port }));
    const open = (local: boolean) => {
      const store = redisStore({ cluster: nodes, heartbeatMs: HEARTBEAT_MS });
      const types = { lead: { ttl: '1h' } } as const;
      return createCache({ namespace: 'shop', types, store, local, storeBudget: false, logger: false });
    };
    const [reader, writer] = [open(true), open(false)];
    await Promise.all([reader.ready(), writer.ready()]);
    let source = 'old';
    const read = () => reader.type('lead').getOrSet(1, () => source);
    expect(await writer.type('lead').set(1, source)).toBe(true);

    const key = reader.type('lead').keyOf(1);
    const move = await SlotMove.begin(await slotOf(cluster, key), await cluster.nodeOf(key), fresh);
    await move.moveKeys();
    await until('a copy', async () => {
      await read();
      return reader.stats().lead.localHits > 0 || undefined;
    });

    await move.end();
    source = 'new';
    await until('an invalidation', async () => (await writer.type('lead').invalidate(1)).applied || undefined);
    await reader.barrier();
    expect(await read()).toBe('new');
    await Promise.all([reader.close(), writer.close()]);
  });
});

describe('a primary that serves no slot any more', () => {
  let servers: RedisServer[];
  beforeEach(async () => {
    servers = await Promise.all([startRedis(), startRedis()]);
  });
  afterEach(() => Promise.all(servers.map((server) => server.stop())));

  /** Two servers stand for two primaries, and the client is told who serves the slots. */
  function clusterOf(ports: readonly number[]) {
    const nodes = ports.map((port) => {
      const node = new Redis({ port, maxRetriesPerRequest: 0 });
      const call = node.call.bind(node) as (...args: string[]) => Promise<unknown>;
      return Object.assign(node, {
        info: async () => 'role:master\r\n',
        call: async (...args: string[]) => (args[0] === 'CLUSTER' ? 'cluster_state:ok' : call(...args)),
      });
    });
    const served = (by: typeof nodes) => ({
      slots: by.map(({ options: { host, port } }) => [`${host}:${port}`]),
      nodes: () => by,
    });
    const idle = { isCluster: true, status: 'ready', refreshSlotsCache: () => {} };
    const client = { ...idle, ...served(nodes) };
    let changed = (_change: TopologyChange) => {};
    const parts = {
      client,
      isCluster: true,
      heartbeatMs: HEARTBEAT_MS,
      primaries: () => client.nodes(),
      onStatus: () => () => {},
      onTopology: (listener: typeof changed) => {
        changed = listener;
        return () => {};
      },
    };
    return {
      connection: parts as unknown as Connection,
      leave() {
        Object.assign(client, served(nodes.slice(1)));
        changed('nodes');
      },
      end: () => nodes.forEach((node) => void node.disconnect()),
    };
  }

  it('takes no announcement with it: copies of what was read there are gone', async () => {
    const proxy = await startProxy(servers[0]?.port ?? 0);
    const { connection, leave, end } = clusterOf([Number(new URL(proxy.url).port), servers[1]?.port ?? 0]);
    const tier = new LocalTier({ clock: systemClock });
    const outside = { clock: systemClock, random: Math.random };
    const channel = new RedisChannel(connection, scopes, (announcement) => tier.announce(announcement), outside);
    tier.follow(channel);
    await until('the channel', async () => channel.state === 'up' || undefined);
    const key = { text: 'shop/lead:1', scope: { namespace: 'shop', type: 'lead' } };
    const times = { freshForMs: 3_600_000, expiresInMs: 3_600_000, ageMs: 0, loadMs: 1 };
    const entry = { id: '1' as never, bytes: new Uint8Array(3), tags: [], ...times };
    expect(tier.settle(tier.begin(key), entry as never, 'old')).toBe(true);
    const underWay = tier.begin(key);
    expect(tier.find(key.text)?.value).toBe('old');

    proxy.swallow(); // the announcement of a change there is on its way …
    leave(); // … when its slots are seen to be elsewhere
    expect(channel.state).toBe('up');
    expect(tier.find(key.text)).toBeUndefined();
    expect(tier.settle(underWay, entry as never, 'old')).toBe(false);
    await channel.close();
    end();
    await proxy.close();
  });
});
