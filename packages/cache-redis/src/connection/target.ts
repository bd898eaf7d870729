import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { CacheConfigError } from '@huntly/cache-core';
import { nodeAddresses, unknownNames, wholeNumber } from './checks.ts';
import type { RedisClient } from './client.ts';
import type { CommonOptions, HostAndPort, RedisStoreOptions, SentinelOptions, UrlOptions } from './options.ts';
import { parseRedisUrl, type RedisUrl } from './url.ts';

/** Options after the checks: what to connect to, with all defaults filled in. */
export type Target =
  | { readonly kind: 'client'; readonly client: RedisClient; readonly heartbeatMs: number }
  | ({ readonly kind: 'server'; readonly host: string; readonly port: number; readonly db: number } & Access)
  | ({ readonly kind: 'cluster'; readonly nodes: readonly HostAndPort[] } & Access)
  | ({ readonly kind: 'sentinel'; readonly db: number } & Sentinels & Access);

/** How any server of our own choice is connected to. */
export interface Access {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: TlsOptions | undefined;
  readonly connectTimeoutMs: number;
  readonly socketTimeoutMs: number;
  readonly maxConnections: number;
  readonly heartbeatMs: number;
}

interface Sentinels {
  readonly sentinels: readonly HostAndPort[];
  readonly name: string;
  readonly sentinelUsername: string | undefined;
  readonly sentinelPassword: string | undefined;
  readonly sentinelTls: TlsOptions | undefined;
}

export const DEFAULT_MAX_CONNECTIONS = 20;
/** One for data; one for announcements, which cannot share it. */
export const CONNECTIONS_PER_PRIMARY = 2;

const ACCESS = [
  'username',
  'password',
  'tls',
  'connectTimeoutMs',
  'socketTimeoutMs',
  'maxConnections',
  'heartbeatMs',
] as const satisfies readonly (keyof CommonOptions)[];

const WAYS = ['url', 'client', 'cluster', 'sentinels'] as const;
type Way = (typeof WAYS)[number];

/** What is taken with each way to name the Redis. */
const OPTIONS = {
  url: ['url', ...ACCESS, 'db'],
  client: ['client', 'heartbeatMs'],
  cluster: ['cluster', ...ACCESS, 'db'], // `db` has an explanation of its own
  sentinels: ['sentinels', ...ACCESS, 'name', 'db', 'sentinelUsername', 'sentinelPassword', 'sentinelTls'],
} as const;

/** @throws CacheConfigError with everything that is wrong; it holds no password and no part of a URL. */
export function targetOf(options: RedisStoreOptions): Target {
  const problems: string[] = [];
  const target = readTarget(options, problems);
  if (!target || problems.length > 0) throw new CacheConfigError(problems);
  return target;
}

function readTarget(options: RedisStoreOptions, problems: string[]): Target | undefined {
  if (typeof options !== 'object' || options === null) {
    problems.push('the options must be an object such as { url: process.env.REDIS_URL }.');
    return undefined;
  }
  const named = WAYS.filter((name) => name in options);
  // A way that is undefined is one that was not chosen, unless it is the only one: then something is missing there.
  const chosen = named.filter((name) => givenAs(options, name) !== undefined);
  const given = chosen.length > 0 ? chosen : named.slice(0, 1);
  const [way] = given;
  if (way === undefined || given.length > 1) {
    const found = given.length === 0 ? noneOf(options) : given.join(' and ');
    problems.push(`exactly one of url, client, cluster and sentinels must be given, got ${found}.`);
    return undefined;
  }
  const meant = Object.entries(options).filter(([name]) => name === way || !named.some((each) => each === name));
  unknownNames(Object.fromEntries(meant), OPTIONS[way], problems);
  if (isWay(options, way, 'client'))
    return { kind: 'client', client: options.client, heartbeatMs: readHeartbeat(options, problems) };
  const access = readAccess(options as CommonOptions, problems);
  if (isWay(options, way, 'cluster')) {
    if ('db' in options && options.db) problems.push('db must be left out: a Cluster has one database only.');
    return { kind: 'cluster', nodes: nodeAddresses('cluster', options.cluster, problems), ...access };
  }
  if (isWay(options, way, 'sentinels')) return { kind: 'sentinel', ...readSentinels(options, problems), ...access };
  return readServer(options as UrlOptions, access, problems);
}

/** Names only: who writes the options of ioredis here has a password among them. */
function noneOf(options: object): string {
  const names = Object.keys(options);
  if (names.length === 0) return 'none of them';
  const example = names.includes('host') ? ": write host and port as url: 'redis://host:6379'" : '';
  return `only ${names.join(', ')}${example}`;
}

function isWay<W extends Way>(
  options: RedisStoreOptions,
  way: Way,
  asked: W,
): options is Extract<RedisStoreOptions, { [Name in W]: unknown }> {
  return way === asked && asked in options;
}

function givenAs(options: RedisStoreOptions, name: Way): unknown {
  return (options as Partial<Record<Way, unknown>>)[name];
}

function readServer(options: UrlOptions, access: Access, problems: string[]): Target | undefined {
  if (typeof options.url !== 'string' || options.url.trim() === '') {
    problems.push('url is missing: give redis://host:6379. Is the variable set that it comes from?');
    return undefined;
  }
  const parsed = parseRedisUrl(options.url, 'url');
  if ('problems' in parsed) {
    problems.push(...parsed.problems);
    return undefined;
  }
  const { url } = parsed;
  for (const name of ['username', 'password', 'db'] as const satisfies readonly (keyof RedisUrl & keyof UrlOptions)[]) {
    if (url[name] !== undefined && options[name] !== undefined) {
      problems.push(`${name} must be given once, in the url or beside it.`);
    }
  }
  const { username = url.username, password = url.password, tls = url.isTls ? {} : undefined } = access;
  checkCredentials('username', username, password, problems);
  const db = url.db ?? readDb(options.db, problems);
  return { kind: 'server', host: url.host, port: url.port, ...access, username, password, tls, db };
}

function readSentinels(options: SentinelOptions, problems: string[]): Sentinels & { db: number } {
  const { name, sentinelUsername, sentinelPassword } = options;
  if (typeof name !== 'string' || name === '') {
    problems.push('name must be the name under which the Sentinels know the primary.');
  }
  checkCredentials('sentinelUsername', sentinelUsername, sentinelPassword, problems);
  return {
    sentinels: nodeAddresses('sentinels', options.sentinels, problems),
    name,
    sentinelUsername,
    sentinelPassword,
    sentinelTls: tlsOf(options.sentinelTls),
    db: readDb(options.db, problems),
  };
}

function readAccess(options: CommonOptions, problems: string[]): Access {
  const { username, password, connectTimeoutMs = 1_000, socketTimeoutMs = 2_000 } = options;
  const { maxConnections = DEFAULT_MAX_CONNECTIONS } = options;
  if (!('url' in options)) checkCredentials('username', username, password, problems);
  wholeNumber('connectTimeoutMs', connectTimeoutMs, { from: 1, to: 3_600_000 }, problems);
  wholeNumber('socketTimeoutMs', socketTimeoutMs, { from: 1, to: 3_600_000 }, problems);
  wholeNumber('maxConnections', maxConnections, { from: CONNECTIONS_PER_PRIMARY, to: 10_000 }, problems);
  const heartbeatMs = readHeartbeat(options, problems);
  return {
    username,
    password,
    tls: tlsOf(options.tls),
    connectTimeoutMs,
    socketTimeoutMs,
    maxConnections,
    heartbeatMs,
  };
}

function readHeartbeat({ heartbeatMs = 1_000 }: { heartbeatMs?: number | undefined }, problems: string[]): number {
  wholeNumber('heartbeatMs', heartbeatMs, { from: 50, to: 600_000 }, problems);
  return heartbeatMs;
}

function readDb(db: number | undefined, problems: string[]): number {
  wholeNumber('db', db ?? 0, { from: 0, to: 99_999 }, problems);
  return db ?? 0;
}

/** `AUTH` with a user name has no form without a password. */
function checkCredentials(
  field: string,
  name: string | undefined,
  password: string | undefined,
  problems: string[],
): void {
  if (name && !password) problems.push(`${field} needs a password beside it; for a user with nopass, any text.`);
}

function tlsOf(tls: true | TlsOptions | undefined): TlsOptions | undefined {
  return tls === true ? {} : tls || undefined;
}
