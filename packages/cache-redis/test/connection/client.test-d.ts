import type { Cluster as Cluster6, Redis as Redis6 } from 'ioredis';
import type { Cluster as Cluster5, Redis as Redis5 } from 'ioredis-5';
import { expectTypeOf, test } from 'vitest';
import type { RedisClient, RedisClusterClient } from '../../src/connection/client.ts';

test('clients of ioredis 5 and 6 fit', () => {
  expectTypeOf<Redis5>().toExtend<RedisClient>();
  expectTypeOf<Redis6>().toExtend<RedisClient>();
  expectTypeOf<Cluster5>().toExtend<RedisClusterClient>();
  expectTypeOf<Cluster6>().toExtend<RedisClusterClient>();
});

test('a client that shapes its replies otherwise does not', () => {
  expectTypeOf<Redis6<'resp3'>>().not.toExtend<RedisClient>();
});
