import { allOrNone, type RedisServer } from './boot.ts';
import { isRunning, isSettled, serveAllSlots } from './cluster-health.ts';
import { divide, formCluster, type Shard } from './cluster-join.ts';
import { type SeenNode, serves, viewFrom } from './cluster-view.ts';
import { findRedisServer } from './redis-binary.ts';
import { type RedisOptions, startRedis } from './redis-server.ts';
import { until } from './until.ts';

export interface ClusterOptions extends Omit<RedisOptions, 'tls'> {
  /** @default 3 */
  readonly primaries?: number;
  /** Of each primary. @default 1 */
  readonly replicas?: number;
  /** `cluster-node-timeout`: how long a node may be silent before the others vote on it. @default 2000 */
  readonly nodeTimeoutMs?: number;
}

export interface RedisCluster {
  /** Each can be frozen, killed and restarted by itself. */
  readonly nodes: readonly RedisServer[];
  /** Those that serve slots at present, in the order of their slots. */
  primaries(): Promise<RedisServer[]>;
  replicasOf(primary: RedisServer): Promise<RedisServer[]>;
  /** The primary that serves a key at present. */
  nodeOf(key: string): Promise<RedisServer>;
  /** Hands the slots of a healthy primary over to its replica, in an orderly way; returns the new primary once all is settled. */
  failover(primary: RedisServer): Promise<RedisServer>;
  /** Waits for another node to take over from a primary that was killed or frozen: one to two seconds after `nodeTimeoutMs`. */
  successorOf(primary: RedisServer): Promise<RedisServer>;
  /** Waits until every running node agrees that all slots are served, and every running replica follows its primary. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/** A Redis Cluster, settled when this resolves: two to three seconds, as a new primary waits two before it serves. */
export async function startCluster(options: ClusterOptions = {}): Promise<RedisCluster> {
  const { primaries = 3, replicas = 1, nodeTimeoutMs = 2_000, config, ...server } = options;
  const binary = options.binary ?? (await findRedisServer());
  const clustered = {
    'cluster-enabled': 'yes',
    'cluster-node-timeout': nodeTimeoutMs,
    'cluster-replica-validity-factor': 0, // a replica may always stand, however long its primary was away
    'cluster-migration-barrier': 1_000, // a replica stays with its primary, so that a test can name it
  };
  const length = primaries * (1 + replicas);
  const nodes = await allOrNone(
    Array.from({ length }, () => startRedis({ ...server, binary, config: { ...clustered, ...config } })),
  );
  const shards = divide(nodes, primaries);
  const cluster = clusterOf(nodes, shards);
  try {
    await formCluster(shards);
    await cluster.settled();
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

function clusterOf(nodes: readonly RedisServer[], shards: readonly Shard[]): RedisCluster {
  /** What one of the running nodes sees. */
  const view = (): Promise<SeenNode[]> => {
    const witness = nodes.find(isRunning);
    if (witness === undefined) throw new Error('no node of the cluster is running');
    return viewFrom(witness);
  };

  const ownerIn = (seen: readonly SeenNode[], slot: number): RedisServer | undefined => {
    const owner = seen.find((node) => serves(node, slot));
    return nodes.find(({ port }) => port === owner?.port);
  };

  const settled = async (): Promise<void> => {
    await until('the cluster to settle', async () => (await isSettled(shards)) || undefined);
  };

  const successorOf = async (primary: RedisServer): Promise<RedisServer> => {
    const shard = shards.find(({ members }) => members.includes(primary));
    if (shard === undefined) throw new Error(`${primary.url} is not a node of this cluster`);
    return until(`a successor of ${primary.url}`, async () => {
      const running = nodes.filter(isRunning);
      const owners = (await Promise.all(running.map(viewFrom))).map((seen) => ownerIn(seen, shard.firstSlot));
      const [owner] = owners;
      if (owner === undefined || owner === primary || owners.some((other) => other !== owner)) return undefined;
      return (await serveAllSlots(running)) ? owner : undefined;
    });
  };

  const replicasOf = async (primary: RedisServer): Promise<RedisServer[]> => {
    const seen = await view();
    const id = seen.find(({ port }) => port === primary.port)?.id;
    const ports = seen.filter(({ follows }) => follows === id).map(({ port }) => port);
    return nodes.filter(({ port }) => ports.includes(port));
  };

  return {
    nodes,
    settled,
    successorOf,
    replicasOf,
    async primaries() {
      const seen = await view();
      return shards.flatMap(({ firstSlot }) => ownerIn(seen, firstSlot) ?? []);
    },
    async nodeOf(key) {
      const slot = Number(await nodes.find(isRunning)?.cli('CLUSTER', 'KEYSLOT', key));
      const owner = ownerIn(await view(), slot);
      if (owner === undefined) throw new Error(`nobody serves slot ${slot} of ${JSON.stringify(key)}`);
      return owner;
    },
    async failover(primary) {
      const replica = (await replicasOf(primary)).find(isRunning);
      if (replica === undefined) throw new Error(`${primary.url} has no running replica`);
      await replica.cli('CLUSTER', 'FAILOVER');
      const successor = await successorOf(primary);
      await settled();
      return successor;
    },
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()));
    },
  };
}
