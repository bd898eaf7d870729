import { inspect } from 'node:util';
import { CacheConfigError } from '@huntly/cache-core';
import { describe, expect, it } from 'vitest';
import type { RedisStoreOptions } from '../../src/connection/options.ts';
import { targetOf } from '../../src/connection/target.ts';

/** As a caller without types may write them. */
function problemsOf(options: Record<string, unknown>): readonly string[] {
  try {
    targetOf(options as unknown as RedisStoreOptions);
    return [];
  } catch (error) {
    if (!CacheConfigError.is(error)) throw error;
    expect(inspect(error)).not.toContain('hunter2');
    return error.problems;
  }
}

const DEFAULTS = {
  username: undefined,
  password: undefined,
  tls: undefined,
  connectTimeoutMs: 1_000,
  socketTimeoutMs: 2_000,
  maxConnections: 20,
  heartbeatMs: 1_000,
};

describe('targetOf', () => {
  it('fills in the defaults', () => {
    expect(targetOf({ url: 'redis://h' })).toEqual({ kind: 'server', host: 'h', port: 6379, db: 0, ...DEFAULTS });
  });

  it('puts the URL and the options together', () => {
    expect(targetOf({ url: 'rediss://:hunter2@h/3', username: 'user' })).toMatchObject({
      username: 'user',
      password: 'hunter2',
      db: 3,
      tls: {},
    });
    expect(targetOf({ url: 'rediss://h', tls: { servername: 'name' } })).toMatchObject({ tls: { servername: 'name' } });
    expect(targetOf({ url: 'redis://h', tls: true, db: 2 })).toMatchObject({ tls: {}, db: 2 });
  });

  it('reads the nodes of a Cluster', () => {
    const nodes = [
      { host: 'a', port: 7000 },
      { host: '10.0.0.1', port: 6379 },
      { host: '::1', port: 7001 },
    ];
    expect(targetOf({ cluster: ['a:7000', '10.0.0.1', '[::1]:7001'] })).toEqual({
      kind: 'cluster',
      nodes,
      ...DEFAULTS,
    });
    expect(targetOf({ cluster: nodes })).toEqual({ kind: 'cluster', nodes, ...DEFAULTS });
  });

  it('reads Sentinels', () => {
    const sentinels = [{ host: 'a', port: 26_379 }];
    expect(targetOf({ sentinels, name: 'main', db: 1, sentinelTls: true })).toEqual({
      kind: 'sentinel',
      sentinels,
      name: 'main',
      db: 1,
      sentinelUsername: undefined,
      sentinelPassword: undefined,
      sentinelTls: {},
      ...DEFAULTS,
    });
  });

  it.each([
    [{}, 'exactly one of url, client, cluster and sentinels must be given, got none of them.'],
    [{ url: 'redis://h', cluster: ['h:1'] }, 'got url and cluster'],
    [{ url: undefined }, 'url is missing'],
    [{ url: '' }, 'url is missing'],
    [{ url: 'redis://:hunter2@h', password: 'hunter2' }, 'password must be given once'],
    [{ url: 'redis://h/1', db: 2 }, 'db must be given once'],
    [{ url: 'redis://user@h' }, 'username needs a password'],
    [{ url: 'redis://h', username: 'user' }, 'username needs a password'],
    [{ url: 'redis://h', db: -1 }, 'db must be a whole number from 0 to 99999, got -1.'],
    [{ url: 'redis://h', db: 'hunter2' }, 'db must be a whole number from 0 to 99999, got a string.'],
    [{ url: 'redis://h', connectTimeoutMs: 0 }, 'connectTimeoutMs must be'],
    [{ url: 'redis://h', socketTimeoutMs: Number.NaN }, 'socketTimeoutMs must be'],
    [{ url: 'redis://h', maxConnections: 1 }, 'maxConnections must be a whole number from 2 to 10000, got 1.'],
    [{ cluster: [] }, 'cluster must list at least one node'],
    [{ cluster: 'h:1' }, 'cluster must list at least one node'],
    [{ cluster: ['redis://:hunter2@h:1'] }, 'cluster[0] must be host:port'],
    [{ cluster: ['h:1', 'h:65536'] }, 'cluster[1] must be host:port'],
    [{ cluster: [null] }, 'cluster[0] must be host:port'],
    [{ cluster: ['h:1'], db: 1 }, 'db must be left out'],
    [{ cluster: ['h:1'], username: 'user' }, 'username needs a password'],
    [{ sentinels: [{ host: 'h', port: 1 }] }, 'name must be the name'],
    [{ sentinels: [{ host: 'h' }], name: 'main' }, 'sentinels[0] must be host:port'],
    [
      { sentinels: [{ host: 'h', port: 1 }], name: 'main', sentinelUsername: 'user' },
      'sentinelUsername needs a password',
    ],
    [{ url: 'redis://h', heartbeat: 100 }, 'heartbeat is no option here; they are url, username'],
    [{ url: 'redis://h', heartbeatMS: 100 }, 'Did you mean heartbeatMs?'],
    [
      { host: 'h', port: 6379, password: 'hunter2' },
      "got only host, port, password: write host and port as url: 'redis",
    ],
    [{ db: 1 }, 'got only db.'],
    [{ client: {}, maxConnections: 5 }, 'maxConnections is no option here; they are client, heartbeatMs'],
    [{ url: 'redis://h', heartbeatMs: null }, 'got null'],
  ])('refuses %o', (options, expected) => {
    const problems = problemsOf(options);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(expected);
  });

  it('lists all problems at once', () => {
    expect(problemsOf({ url: 'redis://h:0/x', maxConnections: 0, connectTimeoutMs: -1 })).toHaveLength(4);
  });
});
