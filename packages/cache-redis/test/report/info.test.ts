import { FakeClock } from '@huntly/cache-core/testing';
import { describe, expect, it } from 'vitest';
import { obstacleIn, parseInfo, type ServerInfo } from '../../src/info.ts';
import { RateWindow } from '../../src/rate-window.ts';
import { summary } from '../../src/report.ts';

const PRIMARY = [
  '# Server',
  'redis_version:7.0.15',
  'run_id:4f1c',
  'uptime_in_seconds:3600',
  '# Clients',
  'connected_clients:12',
  'maxclients:10000',
  '# Memory',
  'used_memory:209715200',
  'maxmemory:419430400',
  'maxmemory_policy:allkeys-lru',
  'mem_fragmentation_ratio:1.23',
  '# Stats',
  'evicted_keys:5',
  'keyspace_hits:90',
  'keyspace_misses:10',
  '# Replication',
  'role:master',
  'connected_slaves:2',
  'slave0:ip=10.0.0.1,port=6379,state=online,offset=1,lag=1',
  'slave1:ip=10.0.0.2,port=6379,state=online,offset=1,lag=4',
  '# Cluster',
  'cluster_enabled:0',
  '',
].join('\r\n');

const changed = (...lines: string[]): string => {
  const names = new Set(lines.map((line) => line.split(':')[0]));
  const kept = PRIMARY.split('\r\n').filter((line) => !names.has(line.split(':')[0]));
  return [...kept, ...lines].join('\r\n');
};

describe('parseInfo', () => {
  it('reads a primary', () => {
    expect(parseInfo(PRIMARY)).toEqual({
      runId: '4f1c',
      version: '7.0.15',
      role: 'primary',
      uptimeSeconds: 3600,
      usedBytes: 209_715_200,
      maxBytes: 419_430_400,
      policy: 'allkeys-lru',
      fragmentation: 1.23,
      evictedKeys: 5,
      hits: 90,
      misses: 10,
      connectedClients: 12,
      maxClients: 10_000,
      replicas: 2,
      isLinkUp: true,
      lagSeconds: 4,
    } satisfies ServerInfo);
  });

  it('knows nothing of what is not there, or is no number', () => {
    for (const text of ['', 'used_memory:many\r\nmaxclients:\r\nrun_id:a b\r\nrole:sentinel', 'no such thing']) {
      expect(new Set(Object.values(parseInfo(text)))).toEqual(new Set([undefined]));
    }
  });

  it('reads the link of a replica, and replicas that are not in step', () => {
    const replica = changed('role:slave', 'master_link_status:up', 'master_last_io_seconds_ago:7');
    expect(parseInfo(replica)).toMatchObject({ role: 'replica', isLinkUp: true, lagSeconds: 7 });
    const lost = changed('role:slave', 'master_link_status:down', 'master_last_io_seconds_ago:-1');
    expect(parseInfo(lost)).toMatchObject({ isLinkUp: false, lagSeconds: undefined });
    const syncing = changed('slave1:ip=10.0.0.2,port=6379,state=wait_bgsave,offset=0,lag=0');
    expect(parseInfo(syncing)).toMatchObject({ isLinkUp: false, lagSeconds: 1 });
    const alone = parseInfo('role:master\r\nconnected_slaves:0');
    expect(alone).toMatchObject({ replicas: 0, isLinkUp: undefined, lagSeconds: undefined });
  });

  it('knows the fragmentation only of a server that uses more than 100 MB', () => {
    expect(parseInfo(changed('used_memory:104857600')).fragmentation).toBeUndefined();
    expect(parseInfo(changed('used_memory:104857601')).fragmentation).toBe(1.23);
  });

  it('tells the version of a Valkey, not the one that it pretends to be', () => {
    expect(parseInfo(changed('redis_version:7.2.4', 'valkey_version:8.1.0')).version).toBe('8.1.0');
  });
});

describe('obstacleIn', () => {
  it('tells which servers are of no use', () => {
    expect(obstacleIn(PRIMARY)).toBeUndefined();
    expect(obstacleIn('')).toBeUndefined(); // not allowed to ask
    expect(obstacleIn(changed('cluster_enabled:1'))).toBe('MOVED');
    expect(obstacleIn(changed('role:slave', 'master_link_status:up'))).toBe('READONLY');
    expect(obstacleIn(changed('role:slave', 'master_link_status:down'))).toBe('MASTERDOWN');
  });
});

describe('summary', () => {
  const one = { answering: 1, total: 1 };

  it('of one server is what it says', () => {
    expect(summary([parseInfo(PRIMARY)], one)).toEqual({
      kind: 'redis',
      server: { version: '7.0.15', role: 'primary', uptimeSeconds: 3600, primaries: one },
      memory: {
        usedBytes: 209_715_200,
        maxBytes: 419_430_400,
        usedRatio: 0.5,
        policy: 'allkeys-lru',
        fragmentation: 1.23,
      },
      clients: { connected: 12, max: 10_000 },
      replication: { replicas: 2, isLinkUp: true, lagSeconds: 4 },
    });
  });

  it('of several is sums, and the worst of what cannot be added', () => {
    const full = changed(
      'redis_version:7.0.9',
      'uptime_in_seconds:5',
      'used_memory:419430400',
      'mem_fragmentation_ratio:1.9',
      'connected_clients:9000',
      'slave1:ip=10.0.0.2,port=6379,state=online,offset=1,lag=30',
    );
    const report = summary([PRIMARY, full, PRIMARY].map(parseInfo), { answering: 3, total: 4 });
    expect(report).toMatchObject({
      server: { version: '7.0.9', role: 'primary', uptimeSeconds: 5, primaries: { answering: 3, total: 4 } },
      memory: { usedBytes: 838_860_800, maxBytes: 1_258_291_200, usedRatio: 1, fragmentation: 1.9 },
      clients: { connected: 9000, max: 10_000 },
      replication: { replicas: 6, isLinkUp: true, lagSeconds: 30 },
    });
  });

  it('has no limit and may not evict as soon as one server is so, and compares versions as such', () => {
    const unlimited = changed('maxmemory:0', 'maxmemory_policy:noeviction', 'redis_version:7.0.101');
    const report = summary([PRIMARY, unlimited].map(parseInfo), { answering: 2, total: 2 });
    expect(report.memory).toMatchObject({ maxBytes: null, policy: 'noeviction', usedRatio: 0.5 });
    expect(report.server?.version).toBe('7.0.15');
  });

  it('of a server that may not be asked is unknown', () => {
    const { server, memory, clients, replication } = summary([parseInfo('')], one);
    const { primaries, ...rest } = server ?? {};
    expect(primaries).toEqual(one);
    for (const part of [rest, memory, clients, replication])
      expect(new Set(Object.values(part ?? {}))).toEqual(new Set([undefined]));
  });
});

describe('RateWindow', () => {
  const counting = (runId: string, evictedKeys: number, hits: number, misses: number): ServerInfo =>
    parseInfo(`run_id:${runId}\nevicted_keys:${evictedKeys}\nkeyspace_hits:${hits}\nkeyspace_misses:${misses}`);
  const setup = () => {
    const clock = new FakeClock();
    return { clock, window: new RateWindow(clock) };
  };

  it('knows nothing at first, then the rates since the last report', async () => {
    const { clock, window } = setup();
    expect(window.since([counting('a', 100, 1_000, 1_000)])).toEqual({});
    await clock.advance(10_000);
    expect(window.since([counting('a', 150, 1_090, 1_010)])).toEqual({
      evictedPerSecond: 5,
      hitRatio: 0.9,
      windowSeconds: 10,
    });
    await clock.advance(2_000);
    expect(window.since([counting('a', 150, 1_090, 1_010)])).toEqual({
      evictedPerSecond: 0,
      hitRatio: undefined,
      windowSeconds: 2,
    });
  });

  it('compares reports that follow each other closely with one that is old enough', async () => {
    const { clock, window } = setup();
    window.since([counting('a', 0, 0, 0)]);
    for (const [ms, windowSeconds] of [
      [400, undefined],
      [400, undefined],
      [400, 1.2],
      [400, 1.6],
      [600, 1],
      [100, 1.1],
    ] as const) {
      await clock.advance(ms);
      expect(window.since([counting('a', 0, 0, 0)]).windowSeconds).toBe(windowSeconds);
    }
  });

  it('adds servers up, and leaves out those that were started since', async () => {
    const { clock, window } = setup();
    window.since([counting('a', 0, 0, 0), counting('b', 0, 0, 0), counting('c', 900, 900, 900)]);
    await clock.advance(1_000);
    const now = [counting('a', 1, 1, 0), counting('b', 2, 2, 1), counting('d', 5, 5, 5)];
    expect(window.since(now)).toMatchObject({ evictedPerSecond: 3, hitRatio: 0.75 });
  });

  it('takes counters that were reset for no growth, and knows nothing of servers that do not count', async () => {
    const { clock, window } = setup();
    window.since([counting('a', 9, 9, 9), parseInfo('')]);
    await clock.advance(1_000);
    expect(window.since([counting('a', 1, 1, 0)])).toMatchObject({ evictedPerSecond: 0, hitRatio: undefined });
    await clock.advance(1_000);
    expect(window.since([parseInfo('run_id:a'), parseInfo('')])).toEqual({});
  });
});
