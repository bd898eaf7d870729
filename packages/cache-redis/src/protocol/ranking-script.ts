import { Script } from './script.ts';

/**
 * Adds to scores, and keeps the bound and the life of the ranking (P7), whichever process adds. KEYS: ranking. ARGV:
 * its capacity, the members it may have before the lowest go, its life in ms (or 0), whether scores are logarithms
 * (yes, no), then member and amount in turns.
 *
 * All digits of a score are written: with the fourteen that Lua writes by itself, counts that fade would be off by more
 * than they are.
 */
export const ADD_TO_RANKING = new Script(`
for index = 5, #ARGV, 2 do
  local score = tonumber(ARGV[index + 1])
  local before = redis.call('ZSCORE', KEYS[1], ARGV[index])
  if before then
    before = tonumber(before)
    if ARGV[4] == 'yes' then
      local high = math.max(before, score)
      local low = math.min(before, score)
      score = high + math.log(1 + 2 ^ (low - high)) / math.log(2)
    else
      score = before + score
    end
  end
  redis.call('ZADD', KEYS[1], string.format('%.17g', score), ARGV[index])
end
if redis.call('ZCARD', KEYS[1]) > tonumber(ARGV[2]) then
  redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -(tonumber(ARGV[1]) + 1))
end
if tonumber(ARGV[3]) > 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return 1
`);
