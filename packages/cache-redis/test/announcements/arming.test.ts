import { EventEmitter } from 'node:events';
import { FakeClock } from '@huntly/cache-core/testing';
import { describe, expect, it, vi } from 'vitest';
import type { RedisClient } from '../../src/connection/client.ts';
import { TrackingLink } from '../../src/tracking-link.ts';

type Step = 'id' | 'tracking' | 'subscribe' | 'ping';

const BACKOFF_MS = 100;

/** A connection that is ready and whose server refuses one step of arming with this reply, for as long as there is one. */
function connected(refuse: { step: Step; reply: string | undefined }) {
  const events = new EventEmitter();
  const answer = async (step: Step) => {
    if (refuse.step !== step || refuse.reply === undefined) return 1;
    throw Object.assign(new Error(refuse.reply), { name: 'ReplyError' });
  };
  const disconnect = vi.fn(() => {
    events.emit('close');
    events.emit('ready'); // what ioredis does, after a while
  });
  const client = Object.assign(events, {
    call: (_command: string, sub: string) => answer(sub === 'ID' ? 'id' : 'tracking'),
    subscribe: () => answer('subscribe'),
    ping: () => answer('ping'),
    disconnect,
  });
  const clock = new FakeClock();
  const backoff = vi.fn((attempt: number) => BACKOFF_MS * attempt);
  const link = new TrackingLink({
    client: client as unknown as RedisClient,
    prefixes: ['lead:'],
    heartbeatMs: 1_000,
    clock,
    backoff,
    checkSame: async () => {},
    check: async () => {},
    onMessage: () => {},
    onState: () => {},
  });
  events.emit('ready');
  return { link, clock, disconnect, backoff };
}

describe('a server that will not be armed', () => {
  it.each<[Step, string]>([
    ['id', "ERR unknown command 'CLIENT', with args beginning with: 'ID' "],
    ['id', 'ERR unknown command `CLIENT`, with args beginning with: `ID`'],
    ['id', "NOPERM this user has no permissions to run the 'client|id' command"],
    ['tracking', "ERR Unknown subcommand or wrong number of arguments for 'TRACKING'. Try CLIENT HELP."],
    ['tracking', "ERR unknown subcommand 'TRACKING'. Try CLIENT HELP."],
    ['tracking', 'ERR syntax error'],
    ['subscribe', 'NOPERM this user has no permissions to access one of the channels used as arguments'],
    ['ping', "NOPERM this user has no permissions to run the 'ping' command"],
  ])('has no tracking and is left in peace when it refuses %s with %s', async (step, reply) => {
    const { link, clock, disconnect } = connected({ step, reply });
    await clock.advance(60_000);
    expect(link.state).toEqual({ state: 'down', reason: 'TRACKING' });
    expect(disconnect).not.toHaveBeenCalled();
    link.close();
  });

  it.each<[Step, string]>([
    ['id', 'NOAUTH Authentication required.'],
    ['id', 'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.'],
    ['tracking', 'LOADING Redis is loading the dataset in memory'],
    ['subscribe', 'CLUSTERDOWN The cluster is down'],
    ['ping', "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."],
    ['ping', 'ERR max number of clients reached'],
  ])('is tried again, later each time, while it answers %s with %s, and is up afterwards', async (step, reply) => {
    const refuse: { step: Step; reply: string | undefined } = { step, reply };
    const { link, clock, disconnect, backoff } = connected(refuse);
    await clock.advance(0);
    const reason = reply.includes('max number of clients') ? 'MAXCLIENTS' : reply.split(' ')[0];
    for (let attempt = 1; attempt <= 5; attempt++) {
      expect(link.state).toEqual({ state: 'down', reason });
      expect(backoff).toHaveBeenLastCalledWith(attempt);
      await clock.advance(BACKOFF_MS * attempt - 1);
      expect(disconnect).toHaveBeenCalledTimes(attempt - 1);
      await clock.advance(1);
      expect(disconnect).toHaveBeenCalledTimes(attempt);
    }
    refuse.reply = undefined;
    await clock.advance(BACKOFF_MS * 6);
    expect(link.state).toMatchObject({ state: 'up' });
    link.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it('is tried again soon, once it was up in between', async () => {
    const refuse: { step: Step; reply: string | undefined } = { step: 'ping', reply: 'LOADING' };
    const { link, clock, disconnect, backoff } = connected(refuse);
    await clock.advance(BACKOFF_MS);
    refuse.reply = undefined;
    await clock.advance(BACKOFF_MS * 2);
    expect(link.state).toMatchObject({ state: 'up' });
    refuse.reply = 'LOADING';
    disconnect();
    await clock.advance(0);
    expect(backoff).toHaveBeenLastCalledWith(1);
    link.close();
  });
});
