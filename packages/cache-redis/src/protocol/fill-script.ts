import { Script } from './script.ts';

/**
 * Stores a loaded value, if its lease is still there (P1). KEYS: value, lease. ARGV: lease, value, life in ms, the
 * place of the time in the value.
 *
 * Every invalidation and every write of the key destroys the lease; so does losing it. Without the comparison a load
 * that read the source before an invalidation would store after it. May be repeated: the second one finds no lease.
 *
 * The server writes the time, by the clock that ends its keys: a process knows that clock from an earlier look, and it
 * may have been set since. Where the user may not ask for it, the estimate of the process stays.
 */
export const FILL = new Script(
  `
if redis.call('GET', KEYS[2]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('UNLINK', KEYS[2])
local time = redis.pcall('TIME')
if type(time) == 'table' and time[1] then
  redis.pcall('SETRANGE', KEYS[1], ARGV[4], time[1] .. string.format('%03d', math.floor(time[2] / 1000)))
end
return 1
`,
  { optional: ['TIME', 'SETRANGE'] },
);
