import { Cluster } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseNodes, SLOTS } from '../src/cluster-view.ts';
import { processState, type RedisCluster, type RedisServer, startCluster } from '../src/index.ts';
import { needsRedis } from './fixture/servers.ts';

let cluster: RedisCluster;
let small: RedisCluster;

needsRedis();

beforeAll(async () => {
  [cluster, small] = await Promise.all([
    startCluster({ nodeTimeoutMs: 1_000 }),
    startCluster({ replicas: 0, users: ['default on >secret ~* +@all'] }),
  ]);
}, 30_000);

afterAll(async () => {
  await Promise.all([cluster?.stop(), small?.stop()]);
});

async function withClient<T>(use: (client: Cluster) => Promise<T>): Promise<T> {
  const client = new Cluster(cluster.nodes.map(({ host, port }) => ({ host, port })));
  try {
    return await use(client);
  } finally {
    client.disconnect();
  }
}

function oneKeyASlot(): string[] {
  const keys = new Map<number, string>();
  for (let n = 0; keys.size < SLOTS; n++) keys.set(slotOf(`key:${n}`), `key:${n}`);
  return [...keys.values()];
}

/** CRC16/XMODEM, as the Cluster specification has it. */
function slotOf(key: string): number {
  let crc = 0;
  for (const byte of Buffer.from(key)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc % SLOTS;
}

async function firstPrimary(): Promise<RedisServer> {
  const [primary] = await cluster.primaries();
  return primary ?? expect.unreachable();
}

describe('startCluster', () => {
  it('gives three primaries with a replica each, and every node knows', async () => {
    const primaries = await cluster.primaries();
    expect(primaries).toHaveLength(3);
    for (const primary of primaries) expect(await cluster.replicasOf(primary)).toHaveLength(1);
    for (const node of cluster.nodes) {
      const info = String(await node.cli('CLUSTER', 'INFO'));
      expect(info).toContain('cluster_state:ok');
      expect(info).toContain('cluster_slots_assigned:16384');
      expect(info).toContain('cluster_known_nodes:6');
    }
  });

  it('answers on all slots', { timeout: 20_000 }, async () => {
    const replies = await withClient((client) => Promise.all(oneKeyASlot().map((key) => client.set(key, 'x'))));
    expect(new Set(replies)).toEqual(new Set(['OK']));
    const sizes = await Promise.all((await cluster.primaries()).map((primary) => primary.cli('DBSIZE')));
    expect(sizes).toEqual([5462, 5461, 5461]);
  });

  it('names the node of a key', async () => {
    for (const key of ['a', 'b', '{tag}:1', '{tag}:2', 'f']) {
      const node = await cluster.nodeOf(key);
      expect(await node.cli('SET', key, 'here')).toBe('OK');
    }
    expect(await cluster.nodeOf('{tag}:1')).toBe(await cluster.nodeOf('{tag}:2'));
    const [first, second] = await cluster.primaries();
    const stranger = (await cluster.nodeOf('a')) === first ? second : first;
    await expect(stranger?.cli('GET', 'a')).rejects.toThrow('MOVED');
  });
});

describe('failover of a cluster node', () => {
  it('in an orderly way: the replica takes over, nothing is lost', { timeout: 30_000 }, async () => {
    const before = await cluster.nodeOf('kept');
    const [replica] = await cluster.replicasOf(before);
    await before.cli('SET', 'kept', 'value');
    const after = await cluster.failover(before);
    expect(after).toBe(replica);
    expect(await cluster.nodeOf('kept')).toBe(after);
    expect(await after.cli('GET', 'kept')).toBe('value');
    expect(await cluster.replicasOf(after)).toEqual([before]);
  });

  it('after a kill, and the killed node comes back as a replica', { timeout: 30_000 }, async () => {
    const killed = await firstPrimary();
    await killed.kill();
    const successor = await cluster.successorOf(killed);
    await cluster.settled();
    expect(await cluster.primaries()).toContain(successor);
    await withClient((client) => client.set('written', 'after'));
    await killed.restart();
    await cluster.settled();
    expect(await cluster.replicasOf(successor)).toEqual([killed]);
  });

  it('after a freeze, and the frozen node follows when it wakes', { timeout: 30_000 }, async () => {
    const frozen = await firstPrimary();
    await frozen.freeze();
    const successor = await cluster.successorOf(frozen);
    await frozen.thaw();
    await cluster.settled();
    expect(await cluster.replicasOf(successor)).toEqual([frozen]);
  });
});

describe('a cluster of another shape', () => {
  it('may have users, and no replicas', async () => {
    expect(await small.primaries()).toEqual(small.nodes);
    const primary = await small.nodeOf('key');
    await expect(small.failover(primary)).rejects.toThrow('has no running replica');
    const { pid } = primary;
    await small.stop();
    expect(processState(pid)).toBe('gone');
  });

  it('that cannot start is reported by its first failing node', { timeout: 30_000 }, async () => {
    await expect(startCluster({ config: { 'no-such-directive': 1 } })).rejects.toThrow('Bad directive');
  });
});

describe('parseNodes', () => {
  it('reads addresses, flags, ranges, and leaves slots on their way out', () => {
    const text = [
      'e7d1 127.0.0.1:30001@40001,host myself,master - 0 0 1 connected 0-5460 7000 [93-<-292f]',
      '292f 127.0.0.1:30002@40002 slave,fail? e7d1 1426238316232 0 2 disconnected',
      '',
    ].join('\n');
    expect(parseNodes(text)).toEqual([
      {
        id: 'e7d1',
        port: 30001,
        flags: ['myself', 'master'],
        follows: '-',
        epoch: 1,
        slots: [
          [0, 5460],
          [7000, 7000],
        ],
      },
      { id: '292f', port: 30002, flags: ['slave', 'fail?'], follows: 'e7d1', epoch: 2, slots: [] },
    ]);
  });
});
