import { Script } from './script.ts';

/** Destroys a value and its lease in one step (P1): with the value alone, a load that runs would put it back. KEYS: value, lease. */
export const INVALIDATE = new Script(`
local removed = redis.call('UNLINK', KEYS[1])
redis.call('DEL', KEYS[2])
return removed
`);

/**
 * Marks a value as stale, and destroys its lease: a load that runs read the source before. KEYS: value, lease. ARGV: the first
 * bytes of a value of ours, the place of the mark, the mark. What is not ours is left alone: writing into it would spoil it.
 */
export const EXPIRE = new Script(`
redis.call('DEL', KEYS[2])
local beginning = redis.pcall('GETRANGE', KEYS[1], 0, string.len(ARGV[1]) - 1)
if beginning ~= ARGV[1] then
  return 0
end
redis.call('SETRANGE', KEYS[1], ARGV[2], ARGV[3])
return 1
`);
