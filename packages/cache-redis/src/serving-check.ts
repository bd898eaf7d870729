import type { Connection } from './connection/connection.ts';
import { addressOf } from './connection/primaries.ts';

/** Why a node of a Cluster is not listened to any more. Its name is for the reason of the channel. */
class NotServingError extends Error {
  override readonly name = 'NOT_SERVING';
}

/**
 * Does a node of a Cluster still serve its slots as a primary? One that was replaced, or is cut off from the others, goes on
 * answering PING while changes happen elsewhere, so each proof of life asks this too, over the connection for data.
 * Elsewhere a process that reads from such a server reads old values as well, and announcements need not be better.
 */
export async function checkServing(connection: Connection, address: string): Promise<void> {
  const node = connection.primaries().find((primary) => addressOf(primary) === address);
  if (node === undefined) throw new NotServingError('this node is no primary any more');
  const [replication, cluster] = await Promise.all([node.info('replication'), node.call('CLUSTER', 'INFO')]);
  if (/^role:master/m.test(replication) && /^cluster_state:ok/m.test(String(cluster))) return;
  throw new NotServingError('this node does not serve its slots any more');
}
