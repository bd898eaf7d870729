import { connect } from 'node:net';
import { CacheConfigError, createCache } from '@huntly/cache-core';
import { startCluster, startRedis, until } from '@huntly/cache-testing';
import { describe, expect, it, vi } from 'vitest';
import { type RedisStoreOptions, redisStore } from '../../src/index.ts';
import { connectionsOfEachTest, failure, VERSIONS } from '../connection/fixture/connections.ts';
import { ready } from '../support/ready.ts';

// A TypeError of this package's own, a code such as ERR or EPIPE, or nothing at all: none of them told what to do.

const { open } = connectionsOfEachTest();

const nodeRedis = { isOpen: true, on() {}, quit() {}, connect() {}, duplicate() {}, mGet() {}, evalSha() {} };

describe('options', () => {
  it.each([
    ['undefined as client', { client: undefined }, 'got undefined. Is it imported before it is made'],
    ['null as client', { client: null }, 'got null'],
    ['a client of node-redis', { client: nodeRedis }, 'got one of node-redis'],
    ['the promise of a client', { client: Promise.resolve() }, 'got a promise. Await it first'],
    ['an address as client', { client: 'redis://:secret@h' }, 'got a string. Give an address as url'],
    ['no options', undefined, 'the options must be an object'],
    ['?family= in the url', { url: 'redis://h:6379?family=0' }, 'family: leave it out, IPv4 and IPv6 are both tried'],
    ['a url from a variable that is not set', { url: undefined }, 'url is missing'],
  ])('%s', (_name, options, message) => {
    const make = () => redisStore(options as unknown as RedisStoreOptions);
    expect(make).toThrow(CacheConfigError);
    expect(make).toThrow(message);
    expect(make).not.toThrow('secret');
  });

  it('may name ways that are not chosen', async () => {
    const options = { url: 'redis://127.0.0.1:1', client: undefined, cluster: undefined };
    await redisStore(options as unknown as RedisStoreOptions).close();
  });
});

describe.each(VERSIONS)('$version', ({ ioredis }) => {
  it('a server that has as many clients as it may', async () => {
    const server = await startRedis({ config: { maxclients: 4 } });
    const sockets = Array.from({ length: 4 }, () => connect(server.port, server.host));
    await until('the server to be full', async () =>
      server.cli('PING').then(
        () => undefined,
        () => true,
      ),
    );
    const connection = open({ url: server.url }, ioredis);
    expect(await failure(connection, 'MAXCLIENTS')).toBe('MAXCLIENTS');
    const store = redisStore({ url: server.url });
    await until('the reason', () => JSON.stringify(store.status()).includes('MAXCLIENTS') || undefined);
    const cache = createCache({ types: { lead: { ttl: '1h' } }, store, logger: false });
    for (const socket of sockets) socket.destroy();
    await ready(store);
    await cache.close();
    await server.stop();
  });

  it('a database that the server does not have', async () => {
    const server = await startRedis();
    const reason = 'NO_DATABASE: the server has no database 20; see its directive databases, or use database 0';
    expect(await failure(open({ url: server.url, db: 20 }, ioredis), reason)).toBe(reason);
    await server.stop();
  });

  it('a Cluster whose nodes announce addresses that lead nowhere', async () => {
    const cluster = await startCluster({ replicas: 0 });
    for (const node of cluster.nodes) await node.cli('CONFIG', 'SET', 'cluster-announce-port', '1');
    // As each node tells it: a client that asked one that had not heard of it yet would find the others.
    for (const node of cluster.nodes) {
      await until('the addresses to be announced', async () => {
        const slots = (await node.cli('CLUSTER', 'SLOTS')) as [number, number, [string, number]][];
        return slots.every(([, , [, port]]) => port === 1) || undefined;
      });
    }
    const nodes = cluster.nodes.map(({ host, port }) => ({ host, port }));
    expect(await failure(open({ cluster: nodes }, ioredis), 'NODES_UNREACHABLE')).toBe('NODES_UNREACHABLE');
    await cluster.stop();
  });
});

it('a server on which scripts are switched off', async () => {
  const server = await startRedis({ config: { 'rename-command': ['EVAL ""', 'EVALSHA ""'] } });
  const store = redisStore({ url: server.url });
  await ready(store);
  const warn = vi.fn();
  const logger = { debug() {}, info() {}, warn, error() {}, isLevelEnabled: () => true };
  const cache = createCache({ types: { lead: { ttl: '1h' } }, store, logger });
  expect(await cache.type('lead').getOrSet(1, () => 'Ada')).toBe('Ada');
  expect(warn.mock.calls[0]?.[0]).toMatchObject({ err: { code: 'UNKNOWN_COMMAND' } });
  expect((await store.report()).refused).toContain('UNKNOWN_COMMAND');
  await cache.close();
  await server.stop();
});
