import { type RedisServer, startRedis } from '@huntly/cache-testing';
import { afterAll, beforeAll } from 'vitest';
import { type RaceFleet, startRaceFleet } from './race.ts';

/** The first test file may have to install a server. */
const MINUTES = 180_000;

/** What is raced on, the source, and the racers: started before the tests of a file and stopped after them. */
export interface Course<S> {
  readonly target: S;
  readonly sourceUrl: string;
  readonly fleet: RaceFleet;
}

/** For a test file of its own: the returned function gives what was started. */
export function courseOf<S extends { stop(): Promise<void> }>(
  startTarget: () => Promise<S>,
  options: { evictors?: number } = {},
): () => Course<S> {
  let started: [S, RedisServer, RaceFleet] | undefined;
  beforeAll(async () => {
    started = await Promise.all([startTarget(), startRedis(), startRaceFleet(options)]);
  }, MINUTES);
  afterAll(() => Promise.all((started ?? []).map((each) => each.stop())));
  return () => {
    if (!started) throw new Error('nothing was started');
    const [target, { url: sourceUrl }, fleet] = started;
    return { target, sourceUrl, fleet };
  };
}
