import type { Store } from '@huntly/cache-core';
import { describeStore } from '@huntly/cache-core/testing';
import Mock from 'ioredis-mock';
import { afterAll, describe, expect, it } from 'vitest';
import { redisStore } from '../src/index.ts';

const client = new Mock();
const store: Store = redisStore({ client });
afterAll(() => store.close());

/** Its timers are those of this process: time passes by itself. */
const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

// ioredis-mock is the quick extra for people who test with it. These cases fail on it, for the reasons below; each is checked
// to fail still, so that it comes back when the mock learns it. What it does wrong is on the safe side: a fill is refused, or a load too many is granted.
const BEYOND_THE_MOCK = new Map([
  ['add up, and name the highest first', 'sorted sets with scores'],
  ['add up logarithms, where told', 'sorted sets with scores'],
  ['are not given where there is a value, unless the caller could not use it', 'bytes of a stored value in a script'],
  ['makes a value stale on purpose, and ends the load that runs', 'bytes of a stored value in a script'],
  ['of its key refuses a load that began before it', 'tags known only from the value'],
  ['of its type refuses a load that began before it', 'tags known only from the value'],
  ['of a tag known before the load refuses a load that began before it', 'tags known only from the value'],
  ['of a tag known only from the value refuses a load that began before it', 'tags known only from the value'],
  ['of something else does not disturb a load', 'tags known only from the value'],
]);
const able = (name: string, body: () => Promise<void>) => {
  const reason = BEYOND_THE_MOCK.get(name);
  if (reason) it(`still fails for ${reason}: ${name}`, () => expect(body()).rejects.toThrow());
  else it(name, body);
};

describeStore({ describe, it: able }, 'ioredis-mock', async () => {
  await client.flushall();
  return { store, advance: wait, close: async () => {} };
});

describe('what ioredis-mock still cannot do', () => {
  it('sorted sets with scores, under ioredis 6', async () => {
    await client.zincrby('ranking', 1, 'a');
    await expect(client.zrevrange('ranking', 0, 9, 'WITHSCORES')).rejects.toThrow("reading 'protocol'");
  });

  it('ranges of a stream that begin at an id', async () => {
    const id = await client.xadd('log', '*', 'token', 'x');
    expect(await client.xrange('log', String(id), '+')).toEqual([]);
  });

  it('refuse a command on a key of another type', async () => {
    await client.sadd('set', 'member');
    await expect(client.get('set')).resolves.toBeInstanceOf(Set);
  });

  it('keep a longer life when told to (PEXPIRE GT)', async () => {
    await client.set('key', 'value', 'PX', 60_000);
    await client.pexpire('key', 1_000, 'GT');
    expect(await client.pttl('key')).toBeLessThanOrEqual(1_000);
  });

  it('keep keys of a Cluster apart', () => {
    expect(() => new Mock.Cluster(['redis://127.0.0.1:1'])).not.toThrow(); // one store behind it, whatever the slots
  });
});
