import type { RedisClient } from './client.ts';

/**
 * Commands that ioredis sends by itself and whose promises it drops: `ASKING` before a command whose slot is moving,
 * and after a reconnect the database and the subscriptions of the connection. When one of them fails, the rejection is
 * unhandled, and Node ends the process.
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
 * Handles the rejections of such promises of this client. A caller that awaits one still gets its error. For a Cluster,
 * call it for each node, before anything is sent to that.
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
