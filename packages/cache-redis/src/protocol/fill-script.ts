import { Script } from './script.ts';

/**
 * Stores a loaded value, if its lease is still there (P1). KEYS: value, lease. ARGV: lease, value, life in ms.
 *
 * Every invalidation and every write of the key destroys the lease; so does losing it. Without the comparison a load that
 * read the source before an invalidation would store after it. May be repeated: the second one finds no lease.
 */
export const FILL = new Script(`
if redis.call('GET', KEYS[2]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[2])
return 1
`);
