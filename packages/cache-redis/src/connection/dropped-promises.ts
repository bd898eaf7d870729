import type { RedisClient } from './client.ts';

/**
 * Commands that ioredis sends on its own account without looking at their promises: `ASKING` in front of a command whose slot is on
 * its way, and after a reconnect the database and the subscriptions that a connection had. When one of them fails, its
 * rejection is nobody's, and Node ends the process.
 */
const DROPPED: ReadonlySet<string> = new Set(['asking', 'select', 'subscribe', 'psubscribe', 'ssubscribe']);

/** As much of a command of ioredis 5 or 6 as is used. */
interface SentCommand {
  readonly name: string;
  readonly promise: Promise<unknown>;
}

interface Sender {
  sendCommand?(command: SentCommand, ...rest: unknown[]): unknown;
}

const known = new WeakSet<RedisClient>();

/**
 * Sees to it that no such promise of this client ends the process. Who awaits one has its error as before. Of a Cluster: for each
 * of its nodes, before anything is sent to it.
 */
export function catchDropped(client: RedisClient): void {
  const sender = client as Sender;
  const { sendCommand } = sender;
  if (typeof sendCommand !== 'function' || known.has(client)) return; // ioredis-mock sends nothing
  known.add(client);
  sender.sendCommand = function (this: Sender, command, ...rest) {
    const sent = sendCommand.call(this, command, ...rest);
    if (DROPPED.has(command.name)) command.promise.catch(() => undefined);
    return sent;
  };
}
