import { CacheConfigError, type Environment } from '@huntly/cache-core';
import type { UrlOptions } from './options.ts';
import { CONNECTIONS_PER_PRIMARY, DEFAULT_MAX_CONNECTIONS } from './target.ts';
import { parseRedisUrl } from './url.ts';

/**
 * Reads `REDIS_URL` and `REDIS_MAX_CONNECTIONS` (default 20, at least 2). An empty variable counts as absent.
 * @returns `undefined` without `REDIS_URL`: then there is no Redis to use.
 * @throws CacheConfigError with all that is wrong; it does not show the URL.
 */
export function redisOptionsFromEnv(env: Environment = process.env): UrlOptions | undefined {
  const problems: string[] = [];
  const url = env['REDIS_URL']?.trim() || undefined;
  if (url !== undefined) {
    const parsed = parseRedisUrl(url, 'REDIS_URL');
    if ('problems' in parsed) problems.push(...parsed.problems);
    else if (parsed.url.username && !parsed.url.password) {
      problems.push('REDIS_URL needs a password beside the user name; for a user with nopass, any text.');
    }
  }
  const maxConnections = readMaxConnections(env['REDIS_MAX_CONNECTIONS']?.trim() || undefined, problems);
  if (problems.length > 0) throw new CacheConfigError(problems);
  return url === undefined ? undefined : { url, maxConnections };
}

function readMaxConnections(text: string | undefined, problems: string[]): number {
  if (text === undefined) return DEFAULT_MAX_CONNECTIONS;
  const count = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(count >= CONNECTIONS_PER_PRIMARY && count <= 10_000)) {
    problems.push(
      `REDIS_MAX_CONNECTIONS must be a whole number from ${CONNECTIONS_PER_PRIMARY} to 10000 ` +
        `(a primary needs ${CONNECTIONS_PER_PRIMARY}), got "${text.slice(0, 40)}".`,
    );
  }
  return count;
}
