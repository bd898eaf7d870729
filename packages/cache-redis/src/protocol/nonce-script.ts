import { Script } from './script.ts';

/**
 * The nonces of tags, each followed by the ms that it has left; those that are missing are created. KEYS: nonces. ARGV:
 * a new token, the life of a new nonce in ms, the ms that all must have left (or 0).
 *
 * The token is new for each command (P1), and one for all that it creates: a nonce is compared with that of its own tag
 * only. A nonce that lives long enough is left alone, as each change of its key is announced like an invalidation:
 * local copies would go.
 *
 * The answer is one text, in which blanks stand between nonces and numbers: a list of 2,000 replies takes a client
 * longer.
 */
export const SAMPLE = new Script(`
local found = redis.call('MGET', unpack(KEYS))
local answer = {}
for index, key in ipairs(KEYS) do
  local nonce = found[index]
  local left = tonumber(ARGV[2])
  if type(nonce) == 'string' then
    left = redis.call('PTTL', key)
    if left >= 0 and left < tonumber(ARGV[3]) then
      redis.call('PEXPIRE', key, ARGV[2])
      left = tonumber(ARGV[2])
    end
  else
    nonce = ARGV[1]
    redis.call('SET', key, nonce, 'PX', ARGV[2])
  end
  answer[index] = nonce .. ' ' .. left
end
return table.concat(answer, ' ')
`);
