import { Script } from './script.ts';

/** Stores a value and destroys the lease, so that a load that began before is refused (P1). KEYS: value, lease. ARGV: value, life in ms. */
export const WRITE = new Script(`
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('DEL', KEYS[2])
return 1
`);

/** Destroys a value and its lease in one step (P1): with the value alone, a load that runs would put it back. KEYS: value, lease. */
export const INVALIDATE = new Script(`
local removed = redis.call('UNLINK', KEYS[1])
redis.call('DEL', KEYS[2])
return removed
`);
