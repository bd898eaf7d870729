import { Redis } from 'ioredis';
import { afterAll, describe, it } from 'vitest';
import { type SentinelOptions, type SentinelSetup, startSentinels, until } from '../src/index.ts';
import { needsRedis } from './fixture/servers.ts';

const PASSWORD = 'secret "quoted"';
const setups: SentinelSetup[] = [];

needsRedis();

afterAll(async () => {
  await Promise.all(setups.map((setup) => setup.stop()));
});

async function start(options?: SentinelOptions): Promise<SentinelSetup> {
  const setup = await startSentinels(options);
  setups.push(setup);
  return setup;
}

function clientOf({ name, sentinels }: SentinelSetup): Redis {
  const redis = new Redis({
    name,
    sentinels: sentinels.map(({ host, port }) => ({ host, port })),
    password: PASSWORD,
    maxRetriesPerRequest: 0,
  });
  // Each failed attempt to connect; what a test does with the client says whether none succeeds.
  redis.on('error', () => undefined);
  return redis;
}

/** Each of them mostly waits, so they wait together. */
describe.concurrent('startSentinels', { timeout: 30_000 }, () => {
  it('gives three Sentinels that know each other and the replica', async ({ expect }) => {
    const setup = await start();
    expect(await setup.primary()).toBe(setup.servers[0]);
    for (const sentinel of setup.sentinels) {
      expect(await sentinel.cli('SENTINEL', 'CKQUORUM', 'mymaster')).toMatch('OK 3 usable Sentinels');
      expect(await sentinel.cli('SENTINEL', 'REPLICAS', 'mymaster')).toHaveLength(1);
    }
    await setup.sentinels[0]?.restart();
    await setup.settled();
  });

  it('lets the servers change places in an orderly way: nothing is lost', async ({ expect }) => {
    const setup = await start();
    const before = await setup.primary();
    await before.cli('SET', 'key', 'value');
    const after = await setup.failover();
    expect(after).not.toBe(before);
    expect(await setup.primary()).toBe(after);
    expect(await after.cli('GET', 'key')).toBe('value');
    expect(await before.cli('GET', 'key')).toBe('value');
  });

  it('survives a kill: a client finds the successor, which the killed server follows once it is back', async ({
    expect,
  }) => {
    const setup = await start({ password: PASSWORD });
    const killed = await setup.primary();
    const client = clientOf(setup);
    await client.set('key', 'value');
    expect(await killed.cli('GET', 'key')).toBe('value');
    await killed.kill();
    const successor = await setup.successorOf(killed);
    await until('the client to write again', () => client.set('key', 'new'));
    client.disconnect();
    expect(await successor.cli('GET', 'key')).toBe('new');
    await killed.restart();
    await setup.settled();
    expect(await setup.primary()).toBe(successor);
    expect(await killed.cli('GET', 'key')).toBe('new');
  });

  it('survives a freeze: the frozen primary follows its successor when it wakes', async ({ expect }) => {
    const setup = await start({ users: ['default off'] });
    const frozen = await setup.primary();
    await frozen.freeze();
    const successor = await setup.successorOf(frozen);
    expect(successor).not.toBe(frozen);
    await frozen.thaw();
    await setup.settled();
    expect(await setup.primary()).toBe(successor);
  });
});
