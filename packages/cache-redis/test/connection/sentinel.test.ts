import { type SentinelSetup, startSentinels, until } from '@huntly/cache-testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/connection/connection.ts';
import { connectionsOfEachTest, failure, readiness, VERSIONS } from './fixture/connections.ts';

describe.each(VERSIONS)('Sentinels with $version', { timeout: 30_000 }, ({ ioredis }) => {
  const { open } = connectionsOfEachTest();
  let setup: SentinelSetup;
  const openBySentinels = (password = 'secret'): Connection => {
    const sentinels = setup.sentinels.map(({ host, port }) => ({ host, port }));
    return open({ sentinels, name: setup.name, password, connectTimeoutMs: 300 }, ioredis);
  };
  beforeAll(async () => {
    setup = await startSentinels({ password: 'secret' });
  }, 60_000);
  afterAll(() => setup.stop());

  it('connects to the primary', async () => {
    const connection = await readiness(openBySentinels());
    expect(connection.isCluster).toBe(false);
    await connection.client.set('key', 'value', 'PX', 60_000);
    expect(await (await setup.primary()).cli('GET', 'key')).toBe('value');
  });

  it('asks the next Sentinel where one is frozen', async () => {
    const [first] = setup.sentinels;
    await first?.freeze();
    await readiness(openBySentinels());
    await first?.thaw();
    await setup.settled();
  });

  it('follows the primary', async () => {
    const connection = await readiness(openBySentinels());
    const successor = await setup.failover();
    await until('an answer of the new primary', () => connection.client.set('key', 'new', 'PX', 60_000));
    expect(await successor.cli('GET', 'key')).toBe('new');
    expect(connection.status()).toEqual({ state: 'ready' });
  });

  it('never takes the replica, also while the primary is dead', async () => {
    const connection = await readiness(openBySentinels());
    const dead = await setup.primary();
    await dead.kill();
    await failure(connection);
    const successor = await setup.successorOf(dead);
    await readiness(connection);
    expect(await connection.client.info('replication')).toContain('role:master');
    await connection.client.set('key', 'newest', 'PX', 60_000);
    expect(await successor.cli('GET', 'key')).toBe('newest');
    await dead.restart();
    await setup.settled();
  });

  it('says that the password is wrong', async () => {
    expect(await failure(openBySentinels('wrong'))).toBe('WRONGPASS');
  });

  it('says that no Sentinel answers, goes on asking, and can be closed meanwhile', async () => {
    await Promise.all(setup.sentinels.map((sentinel) => sentinel.kill()));
    const connection = openBySentinels();
    const other = openBySentinels();
    expect(await failure(connection)).toBe('NO_SENTINEL');
    await connection.close();
    await Promise.all(setup.sentinels.map((sentinel) => sentinel.restart()));
    await readiness(other);
  });
});
