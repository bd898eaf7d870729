import { readdir } from 'node:fs/promises';
import { type Cache, createCache } from '@huntly/cache-core';
import { FakeClock } from '@huntly/cache-core/testing';
import { type RedisServer, startRedis, until } from '@huntly/cache-testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { redisStore } from '../../src/index.ts';
import { EXPIRE, INVALIDATE, MARK } from '../../src/protocol/drop-scripts.ts';
import { STALE_MARK, TIME_PLACE } from '../../src/protocol/entry-format.ts';
import { FILL } from '../../src/protocol/fill-script.ts';
import { RELEASE, RENEW } from '../../src/protocol/hold-scripts.ts';
import { APPEND } from '../../src/protocol/invalidation-log.ts';
import { LEASE } from '../../src/protocol/lease-script.ts';
import { SAMPLE } from '../../src/protocol/nonce-script.ts';
import { ADD_TO_RANKING } from '../../src/protocol/ranking-script.ts';
import type { Script, ScriptArgument } from '../../src/protocol/script.ts';
import { ready } from '../support/ready.ts';

// Redis stops a script at the first command that the user has no right to, and keeps what was done before: without DEL
// the fill script stored the value, counted as failed and left its lease, for which all later readers waited four
// seconds.

const LOGIN = { username: 'cache', password: 'password' };
const VALUE = `${STALE_MARK[0]}AAAAAAAAAAAAAAAAAAAAAA","stale":0,"at":1795415994077}\nx`;
const A_DAY = 86_400_000;

let server: RedisServer;
/** Prepares and looks. */
let admin: Redis;
/** Runs the scripts. */
let user: Redis;
beforeAll(async () => {
  server = await startRedis();
  admin = new Redis(server.url);
  await allow('+@all');
  user = new Redis(server.url, LOGIN);
});
afterAll(async () => {
  admin.disconnect();
  user.disconnect();
  await server.stop();
});
beforeEach(() => admin.flushall());

async function allow(...rights: string[]): Promise<void> {
  await admin.call('ACL', 'SETUSER', 'cache', 'reset', 'on', '>password', '~*', '-@all', ...rights);
}

interface Case {
  readonly script: Script;
  readonly keys: readonly string[];
  readonly args: readonly ScriptArgument[];
  /** What is there before. */
  readonly texts?: Readonly<Record<string, string>>;
  /** Commands that it can do without. */
  readonly optional?: readonly string[];
  /** Commands that it only asks for, because later steps need them: the right to any of them may be missing alone. */
  readonly andLater?: readonly string[];
}

const LEASED = { lease: 'mine' };
const LEASE_COMMANDS = ['EXISTS', 'GETRANGE', 'GET', 'PTTL', 'SET'];
const andLater = LEASE.commands.filter((command) => !LEASE_COMMANDS.includes(command));
const lease = (...args: ScriptArgument[]) => ({ script: LEASE, keys: ['value', 'lease'], args, andLater });
const CASES: Readonly<Record<string, Case>> = {
  'a lease': lease('mine', A_DAY, '', 'no', ''),
  'a lease where there is a value': { ...lease('mine', A_DAY, '', 'no', ''), texts: { value: VALUE } },
  'a lease over a value of no use': { ...lease('mine', A_DAY, '', 'yes', VALUE), texts: { value: VALUE } },
  'a lease that is taken': { ...lease('mine', A_DAY, '', 'no', ''), texts: { lease: 'other' } },
  'a lease that is taken over': { ...lease('mine', A_DAY, 'other', 'no', ''), texts: { lease: 'other' } },
  'a lease by force': { ...lease('mine', A_DAY, '', 'force', ''), texts: { value: VALUE, lease: 'other' } },
  'a fill': {
    script: FILL,
    keys: ['value', 'lease'],
    args: ['mine', VALUE, A_DAY, TIME_PLACE],
    texts: LEASED,
    optional: ['TIME', 'SETRANGE'],
  },
  'a renewal': { script: RENEW, keys: ['lease'], args: ['mine', A_DAY], texts: LEASED },
  'a release': { script: RELEASE, keys: ['lease'], args: ['mine', 0], texts: LEASED },
  'a release with a pause': { script: RELEASE, keys: ['lease'], args: ['mine', A_DAY], texts: LEASED },
  'an invalidation of a key': {
    script: INVALIDATE,
    keys: ['value', 'lease'],
    args: [],
    texts: { value: VALUE, ...LEASED },
  },
  'an expiry': { script: EXPIRE, keys: ['value', 'lease'], args: [...STALE_MARK], texts: { value: VALUE, ...LEASED } },
  'a mark': { script: MARK, keys: ['value'], args: [...STALE_MARK], texts: { value: VALUE } },
  'a sample of nonces': { script: SAMPLE, keys: ['a', 'b'], args: ['new', A_DAY, A_DAY / 2], texts: { a: 'old' } },
  'an addition to a ranking': { script: ADD_TO_RANKING, keys: ['ranking'], args: [1, 1, A_DAY, 'no', 'a', 1, 'b', 2] },
  'an entry of the log': { script: APPEND, keys: ['log'], args: [A_DAY, 10, 'token', '[]'] },
};

function subsets<T>([first, ...rest]: readonly T[]): T[][] {
  if (first === undefined) return [[]];
  return subsets(rest).flatMap((subset) => [subset, [first, ...subset]]);
}

function own({ script, optional = [], andLater: later = [] }: Case): string[] {
  return [...script.commands.filter((command) => !later.includes(command)), ...optional];
}

/** All that is there, without what differs from run to run: ids of the log, and the time of a value. */
async function present(): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const name of (await admin.keys('*')).sort()) {
    const content = await contentOf(name);
    const life = Math.round((await admin.pttl(name)) / 60_000); // in minutes
    found[name] = [String(content).replace(/"at":\d+/, '"at":0'), life];
  }
  return found;
}

async function contentOf(name: string): Promise<unknown> {
  if (name === 'log') return admin.xlen(name);
  return name === 'ranking' ? admin.zrange(name, 0, '-1', 'WITHSCORES') : admin.get(name);
}

async function outcome({
  script,
  keys,
  args,
  texts = {},
}: Case): Promise<{ failed: boolean; reply: unknown; left: unknown }> {
  await admin.flushall();
  for (const [name, text] of Object.entries(texts)) await admin.set(name, text, 'PX', 3_600_000);
  try {
    const reply = await script.run(user, keys, args);
    return { failed: false, reply: withoutIds(reply), left: await present() };
  } catch (error) {
    expect(String(error)).toContain('NOPERM');
    return { failed: true, reply: undefined, left: await present() };
  }
}

/** Ids of the log, and what is left of a life. */
function withoutIds(reply: unknown): unknown {
  return JSON.stringify(reply).replace(/\d{6,}(-\d+)?/g, '#');
}

describe('whatever rights are missing, a script is run whole or not at all', () => {
  it.each(Object.entries(CASES))('%s', async (_name, given) => {
    const { optional = [], andLater: later = [] } = given;
    const commands = own(given);
    await allow('+@all');
    const whole = await outcome(given);
    expect(whole.failed).toBe(false);
    await admin.flushall();
    for (const [name, text] of Object.entries(given.texts ?? {})) await admin.set(name, text, 'PX', 3_600_000);
    const untouched = await present();

    const missing = [...subsets(commands), ...later.map((command) => [command])];
    let refused = 0;
    for (const rights of missing) {
      await allow('+@all', ...rights.map((command) => `-${command.toLowerCase()}`));
      const { failed, reply, left } = await outcome(given);
      const isNeeded = rights.some((command) => !optional.includes(command));
      expect({ rights, failed }).toEqual({ rights, failed: isNeeded });
      expect({ rights, left }).toEqual({ rights, left: isNeeded ? untouched : whole.left });
      if (!isNeeded) expect(reply).toBe(whole.reply);
      refused += Number(isNeeded);
    }
    expect(refused).toBe(missing.length - 2 ** optional.length);
  });

  it('every script is among them', async () => {
    const sources = await readdir(new URL('../../src/protocol', import.meta.url));
    const modules = await Promise.all(
      sources.map((file) => import(`../../src/protocol/${file.replace(/\.ts$/, '')}.ts`)),
    );
    const scripts = modules.flatMap((each: Record<string, unknown>) => Object.values(each)).filter(isScript);
    expect(new Set(Object.values(CASES).map(({ script }) => script))).toEqual(new Set(scripts));
  });
});

function isScript(exported: unknown): exported is Script {
  return typeof exported === 'object' && exported !== null && 'commands' in exported;
}

describe('whatever rights are missing, no reader waits', () => {
  const caches: Cache<{ lead: { ttl: '1h' } }>[] = [];
  let source = 0;
  /** Time stands still: whoever waits for a lease, a pause or a deadline waits for ever. */
  const open = async () => {
    const store = redisStore({ url: server.url, ...LOGIN });
    await ready(store);
    const cache = createCache({ types: { lead: { ttl: '1h' } }, store, clock: new FakeClock(), logger: false });
    caches.push(cache);
    return cache.type('lead');
  };
  beforeAll(async () => {
    await allow('+@all');
  });
  afterAll(async () => {
    await Promise.all(caches.map((cache) => cache.close()));
  });

  const plain = ['XREVRANGE', 'XRANGE', 'EVAL', 'EVALSHA'];
  it.each(
    Object.entries(CASES)
      .map(([name, given]) => [name, subsets(own(given))] as const)
      .concat([['plain commands', subsets(plain)]]),
  )('those of %s', async (_name, missing) => {
    await allow('+@all');
    const [one, other] = [await open(), await open()];
    for (const [round, rights] of missing.entries()) {
      await allow('+@all', ...rights.map((command) => `-${command.toLowerCase()}`));
      if (rights.includes('EVAL')) await admin.script('FLUSH');
      const load = () => ++source;
      for (const leads of [one, other, one, other]) {
        const known = await leads.getOrSet(`known ${round}`, load, { tags: ['acme'] });
        const late = await leads.getOrSet(`late ${round}`, load, { tags: () => ['acme'] });
        expect([known, late]).toEqual([expect.any(Number), expect.any(Number)]);
      }
      await one.set(`set ${round}`, ++source);
      await other.getOrSet(`set ${round}`, load);
      await one.expire(`known ${round}`);
      const last = source;
      const { applied } = await one.invalidate(`known ${round}`);
      const read = await other.getOrSet(`known ${round}`, load);
      if (applied) expect(read).toBeGreaterThan(last); // P1
      await until('fills in the background', async () => (await admin.keys('lease:*')).length === 0 || undefined);
    }
  });
});
