import { FILL } from './fill-script.ts';
import { RELEASE } from './hold-scripts.ts';
import { MARKING_COMMANDS } from './invalidation-log.ts';
import { SAMPLE } from './nonce-script.ts';
import { Script } from './script.ts';

/**
 * All commands that a load needs after its lease. A lease whose load could not be stored or given back would hold up
 * all readers.
 */
const UNTIL_ITS_END = [...SAMPLE.commands, ...MARKING_COMMANDS, ...FILL.commands, ...RELEASE.commands, 'EVAL'];

/**
 * Grants the right to fill, or says why not (P1, P3).
 *
 * KEYS: value, lease. ARGV: token, life in ms, the lease that may be taken over (or empty), whether the caller saw a
 * value that it cannot use (yes, no; or force, to be granted whatever is there), the first bytes of that one. Answers
 * `{'filled'}`, `{'busy', lease, ms left}` or `{'granted'}`.
 *
 * The token is new for each load. Were it that of a process, a load that lost its lease to an invalidation could fill
 * under the lease of a later load of the same process. The lease is set only where it is absent, or is one that is
 * known to be doomed, so the command must never be sent twice.
 *
 * A hash, a list or the like, which another program put there, is no value: reads take it for absent, and a fill
 * replaces it. Its first bytes cannot be asked for, so the error of that is caught.
 */
export const LEASE = new Script(
  `
if ARGV[4] ~= 'force' then
  if redis.call('EXISTS', KEYS[1]) == 1 then
    local first = redis.pcall('GETRANGE', KEYS[1], 0, math.max(string.len(ARGV[5]), 1) - 1)
    if type(first) == 'string' and (ARGV[4] == 'no' or first ~= ARGV[5]) then
      return {'filled'}
    end
  end
  local held = redis.call('GET', KEYS[2])
  if held and held ~= ARGV[3] then
    return {'busy', held, redis.call('PTTL', KEYS[2])}
  end
end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return {'granted'}
`,
  { andLater: UNTIL_ITS_END },
);
