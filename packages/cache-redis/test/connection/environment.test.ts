import { CacheConfigError } from '@huntly/cache-core';
import { describe, expect, it } from 'vitest';
import { redisOptionsFromEnv } from '../../src/connection/environment.ts';

describe('redisOptionsFromEnv', () => {
  it('knows no Redis without REDIS_URL', () => {
    expect(redisOptionsFromEnv({})).toBeUndefined();
    expect(redisOptionsFromEnv({ REDIS_URL: ' ', REDIS_MAX_CONNECTIONS: '10' })).toBeUndefined();
  });

  it('takes 20 connections by default', () => {
    expect(redisOptionsFromEnv({ REDIS_URL: 'redis://h' })).toEqual({ url: 'redis://h', maxConnections: 20 });
    expect(redisOptionsFromEnv({ REDIS_URL: 'redis://h', REDIS_MAX_CONNECTIONS: ' 2 ' })?.maxConnections).toBe(2);
  });

  it.each(['1', '0', '-5', '2.5', 'many', '99999', '0x10'])('refuses %j connections', (text) => {
    expect(() => redisOptionsFromEnv({ REDIS_URL: 'redis://h', REDIS_MAX_CONNECTIONS: text })).toThrow(
      `REDIS_MAX_CONNECTIONS must be a whole number from 2 to 10000 (a primary needs 2), got "${text}".`,
    );
  });

  it('lists all that is wrong, without the password', () => {
    try {
      redisOptionsFromEnv({ REDIS_URL: 'redis://:hunter2@h:0/x', REDIS_MAX_CONNECTIONS: '1' });
      expect.unreachable();
    } catch (error) {
      if (!CacheConfigError.is(error)) throw error;
      expect(error.problems).toHaveLength(3);
      expect(error.message).toContain('REDIS_URL');
      expect(error.message).not.toContain('hunter2');
    }
  });

  it('finds a user name without a password', () => {
    expect(() => redisOptionsFromEnv({ REDIS_URL: 'redis://user@h' })).toThrow('REDIS_URL needs a password');
  });
});
