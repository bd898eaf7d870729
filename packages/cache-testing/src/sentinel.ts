import { allOrNone, type RedisServer } from './boot.ts';
import { findRedisServer } from './redis-binary.ts';
import { type RedisOptions, startRedis } from './redis-server.ts';
import { replicationOf } from './replication.ts';
import { MASTER_NAME, primarySeenBy, startSentinel } from './sentinel-node.ts';
import { until } from './until.ts';

export interface SentinelOptions extends Omit<RedisOptions, 'tls'> {
  /** How long the primary may be silent before a Sentinel takes it for down. @default 1000 */
  readonly downAfterMs?: number;
  /** How long a failover may take; the next one begins at the earliest twice this long after it. @default 1000 */
  readonly failoverTimeoutMs?: number;
}

export interface SentinelSetup {
  /** Under which the Sentinels know the primary: `mymaster`. */
  readonly name: string;
  /** Three of them; two decide. */
  readonly sentinels: readonly RedisServer[];
  /** The two servers for data, the first primary first. */
  readonly servers: readonly RedisServer[];
  /** The primary to which the first running Sentinel sends a client at present. */
  primary(): Promise<RedisServer>;
  /** Has the healthy primary replaced by its replica; returns the new primary once the old one follows it. */
  failover(): Promise<RedisServer>;
  /** Waits for the other server to be promoted in place of a primary that was killed or frozen. */
  successorOf(primary: RedisServer): Promise<RedisServer>;
  /** Waits until all running Sentinels know each other and the same healthy primary, and a running replica follows it. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

const SENTINELS = 3;

/** A primary, its replica and three Sentinels; ready when each Sentinel knows the replica and the other two. */
export async function startSentinels(options: SentinelOptions = {}): Promise<SentinelSetup> {
  const { downAfterMs = 1_000, failoverTimeoutMs = 1_000, ...data } = options;
  const binary = data.binary ?? (await findRedisServer());
  const servers = await allOrNone([startRedis({ ...data, binary }), startRedis({ ...data, binary })]);
  const sentinels: RedisServer[] = [];
  const setup = setupOf(servers, sentinels);
  try {
    const [primary, replica] = servers;
    if (primary === undefined || replica === undefined) throw new Error('two servers were started');
    // Linked before anyone watches: a Sentinel that found the link down would believe so until it asks again.
    await replica.cli('REPLICAOF', primary.host, primary.port);
    await until('the replica to be linked', async () => (await replicationOf(replica)).isLinked || undefined);
    const watch = { primary, quorum: 2, downAfterMs, failoverTimeoutMs };
    sentinels.push(...(await allOrNone(Array.from({ length: SENTINELS }, () => startSentinel(binary, watch)))));
    await setup.settled();
    return setup;
  } catch (error) {
    await setup.stop();
    throw error;
  }
}

function setupOf(servers: readonly RedisServer[], sentinels: readonly RedisServer[]): SentinelSetup {
  const running = (all: readonly RedisServer[]): RedisServer[] => all.filter(({ state }) => state === 'running');

  /** The running server that every running Sentinel names, and that knows itself to be the primary. */
  const undisputedPrimary = async (): Promise<RedisServer | undefined> => {
    const named = await Promise.all(running(sentinels).map(primarySeenBy));
    const primary = running(servers).find(({ port }) => named.length > 0 && named.every((seen) => seen.port === port));
    return primary !== undefined && (await replicationOf(primary)).role === 'master' ? primary : undefined;
  };

  const settled = async (): Promise<void> => {
    await until('the Sentinels to settle', async () => {
      const primary = await undisputedPrimary();
      const seen = await Promise.all(running(sentinels).map(primarySeenBy));
      const known = seen.every(
        (each) => each.flags === 'master' && each.replicas === 1 && each.otherSentinels === SENTINELS - 1,
      );
      const others = await Promise.all(running(servers.filter((server) => server !== primary)).map(replicationOf));
      const followed = others.every(({ role, isLinked }) => role === 'slave' && isLinked);
      return (primary !== undefined && known && followed) || undefined;
    });
  };

  const primary = async (): Promise<RedisServer> => {
    const [witness] = running(sentinels);
    if (witness === undefined) throw new Error('no Sentinel is running');
    const { port } = await primarySeenBy(witness);
    const server = servers.find((each) => each.port === port);
    if (server === undefined) throw new Error(`the Sentinels name port ${port}, where none of our servers listens`);
    return server;
  };

  const successorOf = (lost: RedisServer): Promise<RedisServer> =>
    until(`a successor of ${lost.url}`, async () => {
      const successor = await undisputedPrimary();
      return successor === lost ? undefined : successor;
    });

  return {
    name: MASTER_NAME,
    sentinels,
    servers,
    primary,
    successorOf,
    settled,
    async failover() {
      const before = await primary();
      await running(sentinels)[0]?.cli('SENTINEL', 'FAILOVER', MASTER_NAME);
      const successor = await successorOf(before);
      await settled();
      return successor;
    },
    async stop() {
      await Promise.all([...sentinels, ...servers].map((each) => each.stop()));
    },
  };
}
