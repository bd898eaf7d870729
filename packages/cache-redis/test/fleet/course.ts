import {
  type Fleet,
  type RedisCluster,
  type RedisServer,
  startCluster,
  startFleet,
  startRedis,
  until,
} from '@huntly/cache-testing';
import { afterAll, beforeAll, expect } from 'vitest';
import type { Servers } from '../races/patient-client.ts';
import { NOTHING } from './inspected-cache.ts';
import type { MemberCommands } from './member.ts';
import type { Opening } from './opening.ts';
import { Source } from './source.ts';

export type MemberFleet = Fleet<MemberCommands>;

/** What values are cached in: one server, or a Cluster of three primaries. */
export interface Ground {
  readonly servers: Servers;
  /** All primaries. */
  primaries(): Promise<RedisServer[]>;
  nodeOf(key: string): Promise<RedisServer>;
  stop(): Promise<void>;
}

export const GROUNDS = [
  ['one server', onServer],
  ['a Cluster', onCluster],
] as const;

/** The first test file may have to install a server. */
const MINUTES = 180_000;

async function onServer(): Promise<Ground> {
  const server = await startRedis();
  return {
    servers: { url: server.url },
    primaries: async () => [server],
    nodeOf: async () => server,
    stop: () => server.stop(),
  };
}

async function onCluster(): Promise<Ground> {
  // No replicas, and long silence allowed: a node that gets no turn for a while on a crowded machine stays what it is.
  const cluster: RedisCluster = await startCluster({ replicas: 0, nodeTimeoutMs: 30_000 });
  return {
    servers: { cluster: cluster.nodes.map(({ host, port }) => ({ host, port })) },
    primaries: () => cluster.primaries(),
    nodeOf: (key) => cluster.nodeOf(key),
    stop: () => cluster.stop(),
  };
}

/** Where a test runs: a ground, a source, and members. */
export interface Course {
  readonly ground: Ground;
  readonly fleet: MemberFleet;
  readonly source: Source;
  readonly opening: Opening;
}

export interface CourseOptions extends Pick<Opening, 'slowestReplyMs'> {
  /** Whether the members have opened their caches when a test begins. @default true */
  readonly opens?: boolean;
}

/**
 * For the tests of one `describe`: what the returned function gives is started before them and stopped after them.
 */
export function courseOf(start: () => Promise<Ground>, size: number, options: CourseOptions = {}): () => Course {
  const { opens = true, slowestReplyMs } = options;
  const namespace = 'fleet';
  const started: { stop(): Promise<void> }[] = [];
  let course: Course | undefined;
  const keep = async <T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
    const ready = await starting;
    started.push(ready);
    return ready;
  };
  beforeAll(async () => {
    const [ground, server, fleet] = await Promise.all([keep(start()), keep(startRedis()), keep(startMembers(size))]);
    const source = new Source(server.url, namespace);
    const opening: Opening = {
      servers: ground.servers,
      sourceUrl: server.url,
      namespace,
      ...(slowestReplyMs && { slowestReplyMs }),
    };
    course = { ground, fleet, source, opening };
    if (opens) await fleet.askAll('open', opening);
  }, MINUTES);
  afterAll(async () => {
    course?.source.close();
    await Promise.all(started.map((each) => each.stop()));
  });
  return () => {
    if (!course) throw new Error('nothing was started');
    return course;
  };
}

export function startMembers(size: number): Promise<MemberFleet> {
  return startFleet(new URL('member.ts', import.meta.url), size);
}

/** P7: when all callers have their answers, nothing is left of them. */
export async function expectNothingUnderway(fleet: MemberFleet): Promise<void> {
  const left = () => fleet.askAll('underway');
  await until('what is under way to end', async () => {
    const isOver = (await left()).every((each) => Object.values(each).every((count) => count === 0));
    return isOver || undefined;
  });
  expect(await left()).toEqual(fleet.members.map(() => NOTHING));
}
