import type { RedisServer } from './boot.ts';
import { type SeenNode, SLOTS, viewFrom } from './cluster-view.ts';
import { until } from './until.ts';

/** The servers that hold the same slots: one of them serves, the others follow it. */
export interface Shard {
  readonly firstSlot: number;
  readonly lastSlot: number;
  readonly members: readonly RedisServer[];
}

/** Divides slots and servers among `primaries` shards; the first `primaries` servers become the primaries. */
export function divide(servers: readonly RedisServer[], primaries: number): Shard[] {
  return Array.from({ length: primaries }, (_, shard) => ({
    firstSlot: Math.ceil((shard * SLOTS) / primaries),
    lastSlot: Math.ceil(((shard + 1) * SLOTS) / primaries) - 1,
    members: servers.filter((_server, index) => index % primaries === shard),
  }));
}

/** Makes a cluster of lone servers, by the commands that `redis-cli --cluster create` sends. */
export async function formCluster(shards: readonly Shard[]): Promise<void> {
  const servers = shards.flatMap(({ members }) => members);
  const ports = servers.map(({ port }) => port);
  await Promise.all(
    shards.map(async ({ firstSlot, lastSlot, members: [primary] }, index) => {
      await primary?.cli('CLUSTER', 'SET-CONFIG-EPOCH', index + 1); // equal ones would have to be sorted out by the nodes
      await primary?.cli('CLUSTER', 'ADDSLOTSRANGE', firstSlot, lastSlot);
    }),
  );
  // Everybody is introduced to everybody: news by gossip alone would take seconds.
  await Promise.all(
    servers.flatMap((server, index) =>
      ports.slice(index + 1).map((port) => server.cli('CLUSTER', 'MEET', server.host, port)),
    ),
  );
  await until('all nodes to have met', async () => {
    const views = await Promise.all(servers.map(viewFrom));
    return views.every((view) => haveMet(view, ports)) || undefined;
  });
  await Promise.all(
    shards.map(async ({ members: [primary, ...replicas] }) => {
      const id = String(await primary?.cli('CLUSTER', 'MYID'));
      await Promise.all(replicas.map((replica) => replica.cli('CLUSTER', 'REPLICATE', id)));
    }),
  );
}

/** A node in the middle of a handshake has a provisional id, which must not be given to `REPLICATE`. */
function haveMet(view: readonly SeenNode[], ports: readonly number[]): boolean {
  return ports.every((port) => view.some((node) => node.port === port && !node.flags.includes('handshake')));
}
