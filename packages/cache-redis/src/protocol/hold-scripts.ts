import { Script } from './script.ts';

/**
 * Prolongs a lease that is still mine (P3). KEYS: lease. ARGV: lease, life in ms. Else it could prolong the lease of
 * another load.
 */
export const RENEW = new Script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`);

/** What stands in place of a lease while no caller may load. */
export const PAUSE = 'pause';

/**
 * Ends a lease that is still mine (P3). KEYS: lease. ARGV: lease, ms of pause without a lease (or 0).
 * The pause is a lease without a holder; a server without memory refuses it, and then there is none. May be repeated.
 */
export const RELEASE = new Script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
if ARGV[2] == '0' then
  return redis.call('UNLINK', KEYS[1])
end
local paused = redis.pcall('SET', KEYS[1], '${PAUSE}', 'PX', ARGV[2])
if type(paused) == 'table' and paused.err then
  return redis.call('UNLINK', KEYS[1])
end
return 1
`);
