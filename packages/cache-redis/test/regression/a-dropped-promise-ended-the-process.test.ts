import { type RedisCluster, startCluster, startRedis } from '@huntly/cache-testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RedisClient } from '../../src/connection/client.ts';
import { connectionsOfEachTest, failure, readiness, VERSIONS } from '../connection/fixture/connections.ts';
import { SlotMove, slotOf } from '../support/slots.ts';

// ioredis sends some commands of its own and drops their promises. One that was not answered, or refused, was an unhandled rejection,
// which ends a process. `vitest.process.ts` lets the test fail in which that happens.

const { open } = connectionsOfEachTest();

interface SentCommand {
  readonly name: string;
  reject(error: Error): void;
}

/** The names of commands that were sent over a client and came to nothing. Looks at no promise: that would handle it. */
function failuresOf(client: RedisClient): string[] {
  const failed: string[] = [];
  const sender = client as unknown as { sendCommand(command: SentCommand, ...rest: unknown[]): unknown };
  const send = sender.sendCommand;
  sender.sendCommand = function (command, ...rest) {
    const { reject } = command;
    command.reject = (error) => {
      failed.push(command.name);
      reject.call(command, error);
    };
    return send.call(this, command, ...rest);
  };
  return failed;
}

describe.each(VERSIONS)('$version', ({ ioredis }) => {
  describe('a slot on its way to a node that does not answer', () => {
    let cluster: RedisCluster;
    beforeAll(async () => {
      cluster = await startCluster({ replicas: 0, nodeTimeoutMs: 60_000 });
    });
    afterAll(() => cluster.stop());

    it.each(['freezes', 'dies'])('costs the command, not the process: it %s', async (trouble) => {
      const key = `lead:${trouble}`;
      const [slot, from] = await Promise.all([slotOf(cluster, key), cluster.nodeOf(key)]);
      const to = (await cluster.primaries()).find((primary) => primary !== from);
      if (!to) throw new Error('one primary only');
      const nodes = cluster.nodes.map(({ host, port }) => ({ host, port }));
      const connection = await readiness(open({ cluster: nodes }, ioredis));
      const target = connection.primaries().find(({ options }) => options?.port === to.port);
      if (!target) throw new Error('the client does not know the node');
      const failed = failuresOf(target);
      const move = await SlotMove.begin(slot, from, to);
      await vi.waitFor(async () => expect(await connection.client.get(key)).toBeNull()); // asked there
      if (trouble === 'freezes') await to.freeze();
      else await to.kill();
      await expect(connection.client.get(key)).rejects.toThrow();
      if (trouble === 'freezes') {
        await vi.waitFor(() => expect(failed).toContain('asking'), { timeout: 20_000 });
        await to.thaw();
        await move.cancel();
      } else await to.restart();
    });
  });

  it('a database that a user may not choose any more after a reconnect costs the connection, not the process', async () => {
    const server = await startRedis({ users: ['default on nopass ~* &* +@all'] });
    const client = new ioredis.Redis({
      host: server.host,
      port: server.port,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      enableOfflineQueue: false,
      db: 2,
      retryStrategy: () => 20,
    } as never);
    const connection = await readiness(open({ client }));
    await client.select(3); // of another part of the service: ioredis goes back to it after a reconnect
    const failed = failuresOf(client);
    await server.cli('ACL', 'SETUSER', 'default', '-select');
    await server.cli('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    expect(
      await failure(
        connection,
        'NOPERM: database 2 cannot be selected; allow the user SELECT and reconnect, or use database 0',
      ),
    ).toBeTruthy();
    expect(failed).toContain('select');
    client.disconnect();
    await server.stop();
  });
});
