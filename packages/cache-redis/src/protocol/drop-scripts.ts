import type { StoreKey } from '@huntly/cache-core';
import type { RedisClient } from '../connection/client.ts';
import { codeOf } from '../redaction.ts';
import { STALE_MARK } from './entry-format.ts';
import { leaseKey } from './keyspace.ts';
import { Script } from './script.ts';

/**
 * Destroys a value and its lease in one step (P1): with the value alone, a load that runs would put it back. KEYS:
 * value, lease.
 */
export const INVALIDATE = new Script(`
local removed = redis.call('UNLINK', KEYS[1])
redis.call('UNLINK', KEYS[2])
return removed
`);

const MARK_LUA = `
local beginning = redis.pcall('GETRANGE', KEYS[1], 0, string.len(ARGV[1]) - 1)
if beginning ~= ARGV[1] then
  if ARGV[4] == 'drop' and type(beginning) == 'string' then
    redis.call('UNLINK', KEYS[1])
  end
  return 0
end
redis.call('SETRANGE', KEYS[1], ARGV[2], ARGV[3])
return 1
`;

/**
 * Marks a value as stale. KEYS: value. ARGV: the first bytes of a value of ours, the place of the mark, the mark, what
 * becomes of a value that is not ours: `keep` it, or `drop` it where its type reads it, since it cannot be marked.
 * Writing into it would spoil it.
 */
export const MARK = new Script(MARK_LUA);

/** The same, and destroys its lease: a load that runs read the source before. KEYS: value, lease. */
export const EXPIRE = new Script(`
redis.call('UNLINK', KEYS[2])
${MARK_LUA}`);

/** Invalidates one key. @returns whether there was a value: 0 or 1 */
export async function invalidateKey(client: RedisClient, key: StoreKey): Promise<number> {
  const lease = leaseKey(key);
  const inOneStep = INVALIDATE.run(client, [key.text, lease], []);
  return Number(await unlessBetweenNodes(inOneStep, client, lease, () => client.unlink(key.text)));
}

/** Makes one value stale. */
export async function expireKey(client: RedisClient, key: StoreKey): Promise<void> {
  const lease = leaseKey(key);
  const args = [...STALE_MARK, key.acceptsForeign ? 'drop' : 'keep'];
  const inOneStep = EXPIRE.run(client, [key.text, lease], args);
  await unlessBetweenNodes(inOneStep, client, lease, () => MARK.run(client, [key.text], args));
}

/** What a script with two keys fails with while their slot moves and they are not both on one node: it has not run. */
const BETWEEN_NODES = new Set(['REDIRECTED', 'TRYAGAIN']);

/**
 * While a slot moves, its nodes refuse two keys unless both are there, and a lease mostly is not: then in two steps.
 * The lease first (P1): after it no load that runs can fill, and one that begins then reads the source after the
 * change.
 */
async function unlessBetweenNodes<T>(
  inOneStep: Promise<T>,
  client: RedisClient,
  lease: string,
  changeValue: () => Promise<T>,
): Promise<T> {
  try {
    return await inOneStep;
  } catch (error) {
    if (!BETWEEN_NODES.has(codeOf(error))) throw error;
    await client.unlink(lease);
    return changeValue();
  }
}
