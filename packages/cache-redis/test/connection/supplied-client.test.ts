import { createRequire } from 'node:module';
import { CacheConfigError } from '@huntly/cache-core';
import { type RedisServer, startRedis } from '@huntly/cache-testing';
import * as ioredis6 from 'ioredis';
import * as ioredis5 from 'ioredis-5';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RedisClient } from '../../src/connection/client.ts';
import { openConnection } from '../../src/connection/connection.ts';
import { connectionsOfEachTest, failure, readiness } from './fixture/connections.ts';

const SAFE = { maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false, enableOfflineQueue: false };
const VERSIONS = [
  {
    version: 'ioredis 5',
    redis: (options: object) => new ioredis5.Redis({ lazyConnect: true, ...options }),
    cluster: (options: object) => new ioredis5.Cluster(['127.0.0.1:1'], { lazyConnect: true, ...options }),
  },
  {
    version: 'ioredis 6',
    redis: (options: object) => new ioredis6.Redis({ lazyConnect: true, ...options }),
    cluster: (options: object) => new ioredis6.Cluster(['127.0.0.1:1'], { lazyConnect: true, ...options }),
  },
];

function problemsOf(client: RedisClient): readonly string[] {
  try {
    void openConnection({ client }).close();
    return [];
  } catch (error) {
    if (!CacheConfigError.is(error)) throw error;
    return error.problems;
  }
}

describe.each(VERSIONS)('a Redis of $version', ({ redis }) => {
  it('is refused with its defaults, and told which settings to use', () => {
    expect(problemsOf(redis({}))).toEqual([
      expect.stringMatching(/^client: enableOfflineQueue must be false: /),
      expect.stringMatching(/^client: maxRetriesPerRequest must be 0: .* sent a second time/),
      'set: new Redis({ enableOfflineQueue: false, maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false })',
    ]);
  });

  it('is accepted with those settings', () => {
    expect(problemsOf(redis(SAFE))).toEqual([]);
  });

  it('is accepted with re-sending on where nothing is left to be sent again', () => {
    expect(problemsOf(redis({ ...SAFE, autoResendUnfulfilledCommands: true }))).toEqual([]);
  });

  it.each([
    [{ autoResendUnfulfilledCommands: true, maxRetriesPerRequest: 1 }, 'maxRetriesPerRequest must be 0'],
    [{ maxRetriesPerRequest: null }, 'maxRetriesPerRequest must be 0'],
    [{ enableOfflineQueue: true }, 'enableOfflineQueue must be false'],
    [{ keyPrefix: 'app:' }, `keyPrefix must be ""`],
    [{ enableAutoPipelining: true }, 'enableAutoPipelining must be false'],
    [{ stringNumbers: true }, 'stringNumbers must be false'],
    [{ role: 'slave' }, 'role must be "master"'],
  ])('is refused with %o', (options, expected) => {
    const [problem, ...rest] = problemsOf(redis({ ...SAFE, ...options }));
    expect(problem).toContain(expected);
    expect(rest).toHaveLength(1);
  });
});

describe.each(VERSIONS)('a Cluster of $version', ({ cluster }) => {
  it('is refused with its defaults, and told which settings to use', () => {
    const problems = problemsOf(cluster({ scaleReads: 'slave', redisOptions: { keyPrefix: 'app:' } }));
    expect(problems).toHaveLength(6);
    expect(problems.at(-1)).toBe(
      "set: new Cluster(nodes, { enableOfflineQueue: false, retryDelayOnFailover: 0, scaleReads: 'master', keyPrefix: '', " +
        'redisOptions: { maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false } })',
    );
  });

  it('is accepted with those settings', () => {
    const { enableOfflineQueue, ...redisOptions } = SAFE;
    expect(problemsOf(cluster({ enableOfflineQueue, retryDelayOnFailover: 0, redisOptions }))).toEqual([]);
  });
});

describe('what is no client of ioredis', () => {
  it('is refused', () => {
    expect(problemsOf({} as unknown as RedisClient)).toEqual(['client must be a Redis or Cluster of ioredis 5 or 6.']);
  });

  it('a Redis with the reply shapes of RESP3 is refused', () => {
    const client = new ioredis6.Redis({ lazyConnect: true, ...SAFE, replyMapping: 'resp3' }) as unknown as RedisClient;
    expect(problemsOf(client)[0]).toContain('replyMapping must be "legacy"');
  });
});

describe('ioredis-mock', () => {
  const { open } = connectionsOfEachTest();
  // Without types of its own, which are those of ioredis anyway.
  const Mock = createRequire(import.meta.url)('ioredis-mock') as new (options?: object) => RedisClient;

  it('is accepted as it is, and ready', async () => {
    const connection = await readiness(open({ client: new Mock() }));
    expect(await connection.client.set('key', 'value', 'PX', 1_000)).toBe('OK');
    expect(connection.primaries()).toEqual([connection.client]);
    await connection.close();
    expect(await connection.client.get('key')).toBe('value');
  });

  it('is refused with a key prefix', () => {
    expect(problemsOf(new Mock({ keyPrefix: 'app:' }))[0]).toContain('keyPrefix');
  });
});

describe.each(VERSIONS)('the connection of a supplied client of $version', ({ redis }) => {
  const { open } = connectionsOfEachTest();
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());
  const eager = () => redis({ ...SAFE, host: server.host, port: server.port, lazyConnect: false });

  it('is ready with it, and leaves it open and without listeners', async () => {
    const client = eager();
    const connection = await readiness(open({ client }));
    await connection.close();
    expect(connection.status()).toEqual({ state: 'down', reason: 'closed' });
    expect(await client.ping()).toBe('PONG');
    expect(client.eventNames()).toEqual([]);
    client.disconnect();
  });

  it('connects one that waits for its first command', async () => {
    const client = redis({ ...SAFE, host: server.host, port: server.port });
    await readiness(open({ client }));
    client.disconnect();
  });

  it('learns that its owner closed it', async () => {
    const client = eager();
    const connection = await readiness(open({ client }));
    await client.quit();
    await failure(connection, 'closed');
    expect(await failure(open({ client }))).toBe('closed');
  });
});
