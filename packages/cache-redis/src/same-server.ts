import type { RedisClient } from './connection/client.ts';
import { isRefusal } from './tracking-link.ts';

/** Why announcements of a server are not listened to. Its name is for the reason of the channel. */
class OtherServerError extends Error {
  override readonly name = 'OTHER_SERVER';
}

/**
 * Do both connections lead to the same process of a server? One name may lead to two for a while: to the old primary and to
 * its successor. Asked once for each pair of connections, as the other end of one never changes. Where a user may not ask, or
 * a server does not say, they are taken for the same.
 */
export async function checkSameServer(data: RedisClient, announcements: RedisClient): Promise<void> {
  const [one, other] = await Promise.all([runIdOf(data), runIdOf(announcements)]);
  if (one === undefined || other === undefined || one === other) return;
  throw new OtherServerError('announcements come from another server than values');
}

async function runIdOf(client: RedisClient): Promise<string | undefined> {
  try {
    return /^run_id:(\w+)/m.exec(await client.info('server'))?.[1];
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}
