import {
  type FaultProxy,
  type RedisOptions,
  type RedisServer,
  startCluster,
  startFaultProxy,
  startRedis,
  startSentinels,
  until,
} from '@huntly/cache-testing';
import type { RedisStoreOptions } from '../../src/connection/options.ts';

/** A server in good order, and how it is brought out of it. */
export interface Stage {
  /** How the cache under test connects. */
  readonly options: RedisStoreOptions;
  /** How another process connects: past the fault, if it is one of the network. */
  readonly others: RedisStoreOptions;
  /** @param lastWords what is done at the last moment at which it still succeeds */
  begin(lastWords: () => Promise<void>): Promise<void>;
  /** Resolves when the server is back, or the election over. */
  end(): Promise<void>;
  stop(): Promise<void>;
}

export interface Outage {
  readonly name: string;
  /** @default 3000 */
  readonly lastsMs?: number;
  /** From its end to the first value that is stored again. @default 1000 */
  readonly recoveryMs?: number;
  start(): Promise<Stage>;
}

export const OUTAGES: readonly Outage[] = [
  {
    name: 'kill',
    start: () => ofServer({}, { begin: (server) => server.kill(), end: (server) => server.restart() }),
  },
  {
    name: 'freeze',
    start: () => ofServer({}, { begin: (server) => server.freeze(), end: (server) => server.thaw() }),
  },
  { name: 'cut', start: cutting },
  { name: 'refuse', start: () => ofNetwork((proxy) => proxy.set({ kind: 'refuse' })) },
  { name: 'blackhole', start: () => ofNetwork((proxy) => proxy.set({ kind: 'blackhole' })) },
  {
    name: 'delay of 40 ms',
    start: () => ofNetwork((proxy) => proxy.set({ kind: 'delay', requestMs: 20, responseMs: 20 })),
  },
  { name: 'trickle', start: () => ofNetwork((proxy) => proxy.set({ kind: 'trickle', bytes: 3, everyMs: 10 })) },
  { name: 'reset', start: () => ofNetwork((proxy) => proxy.set({ kind: 'reset', afterBytes: [100, 5_000] })) },
  {
    name: 'half open',
    // Nobody tells the client: it can only notice that nothing is answered any more, after socketTimeoutMs.
    lastsMs: 0,
    recoveryMs: 3_500,
    start: () => ofNetwork(async (proxy) => proxy.halfOpen()),
  },
  { name: 'LOADING', lastsMs: 500, start: loading },
  {
    name: 'OOM',
    start: () =>
      ofServer(
        {},
        {
          begin: (server) => server.cli('CONFIG', 'SET', 'maxmemory', 1),
          end: (server) => server.cli('CONFIG', 'SET', 'maxmemory', 0),
        },
      ),
  },
  { name: 'READONLY', start: demotion },
  { name: 'WRONGPASS', start: otherPassword },
  { name: 'Cluster failover', lastsMs: 0, start: clusterFailover },
  { name: 'Sentinel failover', lastsMs: 0, start: sentinelFailover },
];

interface Trouble {
  begin(server: RedisServer): Promise<unknown>;
  end(server: RedisServer): Promise<unknown>;
}

async function ofServer(options: RedisOptions, { begin, end }: Trouble): Promise<Stage> {
  const server = await startRedis(options);
  return {
    options: { url: server.url },
    others: { url: server.url },
    async begin(lastWords) {
      await lastWords();
      await begin(server);
    },
    async end() {
      await end(server);
    },
    stop: () => server.stop(),
  };
}

async function ofNetwork(begin: (proxy: FaultProxy) => Promise<void>): Promise<Stage> {
  const server = await startRedis();
  const proxy = await startFaultProxy({ target: server });
  return {
    options: { url: `redis://${proxy.host}:${proxy.port}` },
    others: { url: server.url },
    async begin(lastWords) {
      await lastWords();
      await begin(proxy);
    },
    end: () => proxy.heal(),
    async stop() {
      await proxy.stop();
      await server.stop();
    },
  };
}

/** Ten times a second: no connection lives long. */
async function cutting(): Promise<Stage> {
  let timer: NodeJS.Timeout | undefined;
  const stage = await ofNetwork(async (proxy) => {
    timer = setInterval(() => proxy.cut(), 100);
  });
  return {
    ...stage,
    async end() {
      clearInterval(timer);
    },
    async stop() {
      clearInterval(timer);
      await stage.stop();
    },
  };
}

async function loading(): Promise<Stage> {
  const server = await startRedis({ config: { 'enable-debug-command': 'local' } });
  const isLoading = async () => String(await server.cli('INFO', 'persistence')).includes('loading:1');
  return {
    options: { url: server.url },
    others: { url: server.url },
    async begin(lastWords) {
      await server.cli('DEBUG', 'POPULATE', 8_000, 'ballast', 100);
      await server.cli('CONFIG', 'SET', 'loading-process-events-interval-bytes', 1024);
      await server.cli('CONFIG', 'SET', 'key-load-delay', 300);
      await lastWords();
      void server.cli('DEBUG', 'RELOAD').catch(() => undefined); // answered when it is over, which takes longer than one waits
      await until('the loading', async () => (await isLoading()) || undefined);
    },
    async end() {
      await until('the end of the loading', async () => !(await isLoading()) || undefined);
    },
    stop: () => server.stop(),
  };
}

/** The server becomes the replica of another one, and takes over its data, which are none. */
async function demotion(): Promise<Stage> {
  const other = await startRedis();
  const stage = await ofServer(
    {},
    {
      begin: (server) => server.cli('REPLICAOF', other.host, other.port),
      end: (server) => server.cli('REPLICAOF', 'NO', 'ONE'),
    },
  );
  return { ...stage, stop: () => Promise.all([other.stop(), stage.stop()]).then(() => undefined) };
}

async function otherPassword(): Promise<Stage> {
  const password = 'first';
  const setPassword = async (server: RedisServer, to: string): Promise<void> => {
    await server.cli('ACL', 'SETUSER', 'default', 'resetpass', `>${to}`);
    await server.cli('CLIENT', 'KILL', 'USER', 'default');
  };
  const stage = await ofServer(
    { users: [`default on >${password} ~* &* +@all`] },
    { begin: (server) => setPassword(server, 'second'), end: (server) => setPassword(server, password) },
  );
  const withPassword = (options: RedisStoreOptions): RedisStoreOptions =>
    ({ ...options, password }) as RedisStoreOptions;
  return { ...stage, options: withPassword(stage.options), others: withPassword(stage.others) };
}

/** The primary dies with its last words: its replicas were cut off before, and go on with what they have. */
async function dieUnheard(
  primary: RedisServer,
  replicas: RedisServer[],
  lastWords: () => Promise<void>,
): Promise<void> {
  await Promise.all(replicas.map((replica) => replica.freeze())); // else they connect again at once
  await primary.cli('CLIENT', 'KILL', 'TYPE', 'replica');
  await lastWords();
  await primary.kill();
  await Promise.all(replicas.map((replica) => replica.thaw()));
}

async function clusterFailover(): Promise<Stage> {
  const cluster = await startCluster();
  const options = { cluster: cluster.nodes.map(({ host, port }) => ({ host, port })) };
  let dead: RedisServer | undefined;
  return {
    options,
    others: options,
    async begin(lastWords) {
      dead = await cluster.nodeOf('deal:0');
      await dieUnheard(dead, await cluster.replicasOf(dead), lastWords);
    },
    async end() {
      if (dead) await cluster.successorOf(dead);
    },
    stop: () => cluster.stop(),
  };
}

async function sentinelFailover(): Promise<Stage> {
  const setup = await startSentinels();
  const options = { sentinels: setup.sentinels.map(({ host, port }) => ({ host, port })), name: setup.name };
  let dead: RedisServer | undefined;
  return {
    options,
    others: options,
    async begin(lastWords) {
      const primary = await setup.primary();
      dead = primary;
      await dieUnheard(
        primary,
        setup.servers.filter((server) => server !== primary),
        lastWords,
      );
    },
    async end() {
      if (dead) await setup.successorOf(dead);
    },
    stop: () => setup.stop(),
  };
}
