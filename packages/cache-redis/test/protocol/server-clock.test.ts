import { FakeClock, settle } from '@huntly/cache-core/testing';
import { describe, expect, it } from 'vitest';
import { ServerClock } from '../../src/protocol/server-clock.ts';

const NOON = Date.UTC(2026, 0, 1, 12);
const AN_HOUR = 3_600_000;

/** A server whose clock is `aheadMs` ahead of that of this process, and which may be set. */
class Server {
  readonly clock = new FakeClock(NOON);
  aheadMs = 0;
  asked = 0;
  /** How long an answer is under way. */
  tripMs = 0;
  failure: Error | undefined;

  async time(): Promise<number[]> {
    this.asked++;
    const at = this.clock.epoch() + this.aheadMs;
    const { failure } = this;
    if (this.tripMs > 0) await this.clock.advance(this.tripMs);
    if (failure) throw failure;
    return [Math.floor(at / 1000), (at % 1000) * 1000];
  }
}

function start(server: Server, isCluster = false): ServerClock {
  const serverClock = new ServerClock(server, server.clock, { isCluster });
  void serverClock.start();
  return serverClock;
}

describe('the clock of the server', () => {
  it('is asked again every ten seconds, until it is stopped', async () => {
    const server = new Server();
    server.aheadMs = 7_000;
    const serverClock = start(server);
    await settle();
    expect(serverClock.now()).toBe(NOON + 7_000);
    server.aheadMs = AN_HOUR; // it was set forward
    await server.clock.advance(10_000);
    expect(serverClock.now()).toBe(NOON + AN_HOUR + 10_000);
    server.aheadMs = -AN_HOUR; // and back
    await server.clock.advance(10_000);
    expect(serverClock.now()).toBe(NOON - AN_HOUR + 20_000);
    serverClock.stop();
    expect(server.clock.pendingTimers).toBe(0);
  });

  it('stopped while it is asked, is not asked again', async () => {
    const server = new Server();
    const serverClock = start(server);
    serverClock.stop();
    await settle();
    expect(server.clock.pendingTimers).toBe(0);
  });

  it('is asked at once when a value comes from the future, and once a second at most', async () => {
    const server = new Server();
    const serverClock = start(server);
    await server.clock.advance(2_000);
    server.aheadMs = AN_HOUR;
    const written = server.clock.epoch() + AN_HOUR;
    expect(serverClock.isFuture(written)).toBe(true);
    await serverClock.askAgain();
    expect(serverClock.isFuture(written)).toBe(false);
    const { asked } = server;
    for (let reads = 0; reads < 100; reads++) await serverClock.askAgain();
    expect(server.asked).toBe(asked);
  });

  it('takes no value that another node of a Cluster has just stored for one from the future', async () => {
    const server = new Server();
    const [cluster, single] = [start(server, true), start(server)];
    await settle();
    const ofAnotherNode = server.clock.epoch() + 200; // its clock is ahead
    expect([cluster, single].map((each) => each.isFuture(ofAnotherNode))).toEqual([false, true]);
    expect(cluster.isFuture(server.clock.epoch() + AN_HOUR)).toBe(true);
  });

  it('is asked once for all who ask at a time', async () => {
    const server = new Server();
    const serverClock = start(server);
    await server.clock.advance(2_000);
    await Promise.all(Array.from({ length: 50 }, () => serverClock.askAgain()));
    expect(server.asked).toBe(2);
  });

  it('is not taken for another by an answer that was late', async () => {
    const server = new Server();
    const serverClock = start(server);
    await settle();
    server.tripMs = 400; // this process was busy
    await server.clock.advance(10_000);
    await settle();
    expect(serverClock.now()).toBe(server.clock.epoch());
    serverClock.stop();
  });

  it('is that of the process without the right to ask, and the last one known without an answer', async () => {
    const server = new Server();
    server.failure = new Error('NOPERM');
    const serverClock = start(server);
    await settle();
    expect(serverClock.now()).toBe(NOON);
    expect(serverClock.isFuture(NOON + AN_HOUR)).toBe(false); // clocks of other processes: nobody knows
    server.failure = undefined;
    server.aheadMs = 5_000;
    await server.clock.advance(10_000);
    server.failure = new Error('gone');
    await server.clock.advance(10_000);
    expect(serverClock.now()).toBe(server.clock.epoch() + 5_000);
    serverClock.stop();
  });
});
