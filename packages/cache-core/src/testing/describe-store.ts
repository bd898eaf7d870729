import assert from 'node:assert/strict';
import { buildKey } from '../keys/key.ts';
import { buildPattern } from '../keys/pattern.ts';
import type { Lease, NewEntry, ReadReply, Store, StoreKey, Target } from '../store/store.ts';

/** The functions of vitest, jest, node:test or mocha that the suite needs. */
export interface TestRunner {
  describe(name: string, body: () => void): void;
  it(name: string, body: () => Promise<void>): void;
}

/** One empty store for one test. */
export interface StoreHarness {
  readonly store: Store;
  /** Lets this much time pass for the store: on a fake clock, or by waiting. */
  advance(ms: number): Promise<void>;
  close(): Promise<void>;
}

const SCOPE = { namespace: 'contract', type: 'lead' };
const PATIENT_MS = 60_000;
/** Short enough to wait for, long enough not to pass by itself. */
const SHORT_MS = 200;

const keyOf = (identifier: string, type = SCOPE.type): StoreKey => {
  const scope = { ...SCOPE, type };
  return { text: buildKey(scope, identifier), scope };
};
const entryOf = (text: string, rest: Partial<NewEntry> = {}): NewEntry => ({
  bytes: Buffer.from(JSON.stringify(text)),
  freshForMs: PATIENT_MS,
  expiresInMs: PATIENT_MS,
  loadMs: 5,
  tags: [],
  ...rest,
});
const tagTarget = (tag: string): Target => ({ kind: 'tag', namespace: SCOPE.namespace, tag });
const keyTarget = (key: StoreKey): Target => ({ kind: 'key', key });
const textOf = (reply: ReadReply | undefined): unknown =>
  reply?.kind === 'hit' ? JSON.parse(Buffer.from(reply.entry.bytes).toString()) : undefined;

async function read(store: Store, key: StoreKey): Promise<unknown> {
  const [reply] = await store.read([key]);
  return textOf(reply);
}

async function grant(store: Store, key: StoreKey, tags: readonly string[] = [], ttlMs = PATIENT_MS): Promise<Lease> {
  const [reply] = await store.read([key]);
  const rejected = reply?.kind === 'rejected' ? reply.id : undefined;
  const lease = await store.lease(key, { ttlMs, tags, rejected });
  assert.equal(lease.kind, 'granted');
  return lease.kind === 'granted' ? lease.lease : assert.fail();
}

/** The Store contract as tests: every store of this toolkit passes them, and so should yours. */
export function describeStore(runner: TestRunner, name: string, open: () => Promise<StoreHarness>): void {
  const it = (title: string, body: (store: Store, harness: StoreHarness) => Promise<void>) =>
    runner.it(title, async () => {
      const harness = await open();
      try {
        await body(harness.store, harness);
      } finally {
        await harness.close();
      }
    });

  runner.describe(`the Store contract: ${name}`, () => {
    runner.describe('values', () => describeValues(it));
    runner.describe('leases', () => describeLeases(it));
    runner.describe('invalidation', () => describeInvalidation(it));
    runner.describe('sweeps', () => describeSweeps(it));
    runner.describe('rankings', () => describeRankings(it));
  });
}

type It = (title: string, body: (store: Store, harness: StoreHarness) => Promise<void>) => void;

function describeValues(it: It): void {
  it('returns what was written, with its durations and tags', async (store) => {
    const key = keyOf('42');
    await store.write(key, entryOf('Ada', { tags: ['acme'], freshForMs: 30_000 }));
    const [reply] = await store.read([key]);
    assert.equal(textOf(reply), 'Ada');
    assert(reply?.kind === 'hit');
    assert.deepEqual(reply.entry.tags, ['acme']);
    assert.equal(reply.entry.loadMs, 5);
    assert(reply.entry.freshForMs > 29_000 && reply.entry.freshForMs <= 30_000);
    assert(reply.entry.expiresInMs > 59_000 && reply.entry.expiresInMs <= PATIENT_MS);
  });

  it('answers many keys in order, missing ones as absent', async (store) => {
    await store.write(keyOf('a'), entryOf('A'));
    await store.write(keyOf('c'), entryOf('C'));
    const replies = await store.read([keyOf('c'), keyOf('b'), keyOf('a'), keyOf('c')]);
    assert.deepEqual(replies.map(textOf), ['C', undefined, 'A', 'C']);
    assert.equal(replies[1]?.kind, 'absent');
    assert.deepEqual(await store.read([]), []);
  });

  it('gives every stored value an id of its own', async (store) => {
    const key = keyOf('42');
    await store.write(key, entryOf('same'));
    const [first] = await store.read([key]);
    await store.write(key, entryOf('same'));
    const [second] = await store.read([key]);
    assert(first?.kind === 'hit' && second?.kind === 'hit');
    assert.notEqual(first.entry.id, second.entry.id);
  });

  it('forgets a value when its time is over', async (store, { advance }) => {
    await store.write(keyOf('42'), entryOf('Ada', { freshForMs: SHORT_MS, expiresInMs: SHORT_MS }));
    assert.equal(await read(store, keyOf('42')), 'Ada');
    await advance(SHORT_MS + 1);
    assert.equal(await read(store, keyOf('42')), undefined);
  });

  it('keeps a value that is no longer fresh until it expires', async (store, { advance }) => {
    await store.write(keyOf('42'), entryOf('Ada', { freshForMs: SHORT_MS }));
    await advance(SHORT_MS + 1);
    const [reply] = await store.read([keyOf('42')]);
    assert(reply?.kind === 'hit');
    assert.equal(reply.entry.freshForMs, 0);
  });

  it('keeps keys of awkward identifiers apart', async (store) => {
    const identifiers = ['a:b', 'a', '*', 'a*', '{x}', '}', 'ä', '%41', ' ', '\n', '\0', '__proto__'];
    for (const identifier of identifiers) await store.write(keyOf(identifier), entryOf(identifier));
    const replies = await store.read(identifiers.map((identifier) => keyOf(identifier)));
    assert.deepEqual(replies.map(textOf), identifiers);
  });
}

function describeLeases(it: It): void {
  it('are given to one at a time', async (store) => {
    await grant(store, keyOf('42'));
    const reply = await store.lease(keyOf('42'), { ttlMs: PATIENT_MS, tags: [] });
    assert(reply.kind === 'busy');
    assert(reply.retryMs > 0 && reply.retryMs <= PATIENT_MS);
    await grant(store, keyOf('43'));
  });

  it('store by their fill, once', async (store) => {
    const lease = await grant(store, keyOf('42'));
    assert.equal(await store.fill(lease, entryOf('Ada')), 'stored');
    assert.equal(await read(store, keyOf('42')), 'Ada');
    assert.equal(await store.fill(lease, entryOf('late')), 'refused');
    assert.equal(await read(store, keyOf('42')), 'Ada');
  });

  it('are not given where there is a value, unless the caller could not use it', async (store) => {
    const key = keyOf('42');
    await store.write(key, entryOf('Ada'));
    assert.equal((await store.lease(key, { ttlMs: PATIENT_MS, tags: [] })).kind, 'filled');
    const [reply] = await store.read([key]);
    assert(reply?.kind === 'hit');
    assert.equal((await store.lease(key, { ttlMs: PATIENT_MS, tags: [], rejected: reply.entry.id })).kind, 'granted');
  });

  it('run out, and the next one gets it', async (store, { advance }) => {
    const late = await grant(store, keyOf('42'), [], SHORT_MS);
    await advance(SHORT_MS + 1);
    const next = await grant(store, keyOf('42'));
    assert.equal(await store.fill(late, entryOf('late')), 'refused');
    assert.equal(await store.fill(next, entryOf('next')), 'stored');
    assert.equal(await read(store, keyOf('42')), 'next');
  });

  it('live on when renewed, and say when they are lost', async (store, { advance }) => {
    const lease = await grant(store, keyOf('42'), [], SHORT_MS);
    assert.equal(await store.renew(lease, PATIENT_MS), true);
    await advance(SHORT_MS + 1);
    assert.equal(await store.renew(lease, PATIENT_MS), true);
    await store.invalidate([keyTarget(keyOf('42'))]);
    assert.equal(await store.renew(lease, PATIENT_MS), false);
  });

  it('are free again when released, by their holder only', async (store) => {
    const first = await grant(store, keyOf('42'));
    await store.release(first);
    const second = await grant(store, keyOf('42'));
    await store.release(first);
    assert.equal((await store.lease(keyOf('42'), { ttlMs: PATIENT_MS, tags: [] })).kind, 'busy');
    assert.equal(await store.fill(second, entryOf('Ada')), 'stored');
  });

  it('leave a pause behind when released with one', async (store, { advance }) => {
    const lease = await grant(store, keyOf('42'));
    await store.release(lease, { backoffMs: SHORT_MS });
    const reply = await store.lease(keyOf('42'), { ttlMs: PATIENT_MS, tags: [] });
    assert(reply.kind === 'busy' && reply.retryMs <= SHORT_MS);
    assert.equal(await store.fill(lease, entryOf('late')), 'refused');
    await advance(SHORT_MS + 1);
    await grant(store, keyOf('42'));
  });

  it('are lost to a write', async (store) => {
    const lease = await grant(store, keyOf('42'));
    await store.write(keyOf('42'), entryOf('written'));
    assert.equal(await store.fill(lease, entryOf('loaded before')), 'refused');
    assert.equal(await read(store, keyOf('42')), 'written');
  });
}

function describeInvalidation(it: It): void {
  it('of a key removes its value, and counts it', async (store) => {
    await store.write(keyOf('42'), entryOf('Ada'));
    await store.write(keyOf('43'), entryOf('Bob'));
    assert.deepEqual(await store.invalidate([keyTarget(keyOf('42')), keyTarget(keyOf('absent'))]), { removed: 1 });
    assert.equal(await read(store, keyOf('42')), undefined);
    assert.equal(await read(store, keyOf('43')), 'Bob');
  });

  it('of a tag ends the values that carry it, of every type, and no others', async (store) => {
    await store.write(keyOf('42'), entryOf('Ada', { tags: ['acme', 'vip'] }));
    await store.write(keyOf('7', 'report'), entryOf('Q3', { tags: ['acme'] }));
    await store.write(keyOf('43'), entryOf('Bob', { tags: ['vip'] }));
    await store.invalidate([tagTarget('acme')]);
    assert.deepEqual([await read(store, keyOf('42')), await read(store, keyOf('7', 'report'))], [undefined, undefined]);
    assert.equal(await read(store, keyOf('43')), 'Bob');
  });

  it('of the tag of a type ends all its values', async (store) => {
    await store.write(keyOf('42'), entryOf('Ada'));
    await store.write(keyOf('42', 'report'), entryOf('Q3'));
    await store.invalidate([tagTarget('lead')]);
    assert.equal(await read(store, keyOf('42')), undefined);
    assert.equal(await read(store, keyOf('42', 'report')), 'Q3');
  });

  it('keeps to its namespace', async (store) => {
    await store.write(keyOf('42'), entryOf('Ada', { tags: ['acme'] }));
    await store.invalidate([
      { kind: 'tag', namespace: 'other', tag: 'acme' },
      { kind: 'tag', namespace: undefined, tag: 'acme' },
    ]);
    assert.equal(await read(store, keyOf('42')), 'Ada');
  });

  it('lets the next load fill again', async (store) => {
    const key = keyOf('42');
    await store.write(key, entryOf('old', { tags: ['acme'] }));
    await store.invalidate([tagTarget('acme')]);
    assert.equal(await store.fill(await grant(store, key, ['acme']), entryOf('new', { tags: ['acme'] })), 'stored');
    assert.equal(await read(store, key), 'new');
  });

  for (const [what, targets, tags] of [
    ['its key', [keyTarget(keyOf('42'))], []],
    ['its type', [tagTarget('lead')], []],
    ['a tag known before the load', [tagTarget('acme')], ['acme']],
    ['a tag known only from the value', [tagTarget('late')], []],
  ] as const) {
    it(`of ${what} refuses a load that began before it`, async (store) => {
      const lease = await grant(store, keyOf('42'), tags);
      await store.invalidate(targets);
      // A known tag may also be told apart on reading: what counts is that nobody ever sees the old value.
      await store.fill(lease, entryOf('old', { tags: [...tags, 'late'] }));
      assert.equal(await read(store, keyOf('42')), undefined);
      const next = await grant(store, keyOf('42'), tags);
      assert.equal(await store.fill(next, entryOf('new', { tags: [...tags, 'late'] })), 'stored');
      assert.equal(await read(store, keyOf('42')), 'new');
    });
  }

  it('of something else does not disturb a load', async (store) => {
    const lease = await grant(store, keyOf('42'), ['acme']);
    await store.invalidate([tagTarget('other'), tagTarget('report'), keyTarget(keyOf('43'))]);
    assert.equal(await store.fill(lease, entryOf('Ada', { tags: ['acme', 'late'] })), 'stored');
    assert.equal(await read(store, keyOf('42')), 'Ada');
  });

  it('may be repeated', async (store) => {
    const targets = [keyTarget(keyOf('42')), tagTarget('acme')];
    await store.invalidate(targets);
    assert.deepEqual(await store.invalidate(targets), { removed: 0 });
  });
}

function describeSweeps(it: It): void {
  const write = async (store: Store, ...identifiers: string[]) => {
    for (const identifier of identifiers) await store.write(keyOf(identifier), entryOf(identifier));
  };
  const left = async (store: Store, ...identifiers: string[]) =>
    (await store.read(identifiers.map((identifier) => keyOf(identifier))))
      .map(textOf)
      .filter((text) => text !== undefined);

  it('remove what matches, and nothing else', async (store) => {
    await write(store, '41', '42', '4*', '[4]', 'x:4', '5');
    await store.write(keyOf('42', 'report'), entryOf('Q3'));
    assert.equal(await store.sweep(buildPattern(SCOPE, '4*'), { batchSize: 2 }), 3);
    assert.deepEqual(await left(store, '41', '42', '4*', '[4]', 'x:4', '5'), ['[4]', 'x:4', '5']);
    assert.equal(await store.sweep(buildPattern(SCOPE, '\\*'), { batchSize: 2 }), 0);
    assert.equal(await read(store, keyOf('42', 'report')), 'Q3');
  });

  it('match identifiers, not the way they are escaped', async (store) => {
    await write(store, 'a b', 'a%20b', 'a%b', 'axb', '%');
    assert.equal(await store.sweep(buildPattern(SCOPE, 'a?b'), { batchSize: 100 }), 3);
    assert.equal(await store.sweep(buildPattern(SCOPE, '*5'), { batchSize: 100 }), 0);
    assert.deepEqual(await left(store, 'a b', 'a%20b', 'a%b', 'axb', '%'), ['a%20b', '%']);
  });

  it('count only, in a dry run', async (store) => {
    await write(store, '41', '42');
    const lease = await grant(store, keyOf('43'));
    assert.equal(await store.sweep(buildPattern(SCOPE, '*'), { batchSize: 1, dryRun: true }), 2);
    assert.deepEqual(await left(store, '41', '42'), ['41', '42']);
    assert.equal(await store.fill(lease, entryOf('43')), 'stored');
  });

  it('refuse a load that began before', async (store) => {
    const swept = await grant(store, keyOf('42'));
    const spared = await grant(store, keyOf('52'));
    await store.sweep(buildPattern(SCOPE, '4*'), { batchSize: 100 });
    assert.equal(await store.fill(swept, entryOf('old')), 'refused');
    assert.equal(await store.fill(spared, entryOf('52')), 'stored');
  });

  it('tell how far they are, and stop when told', async (store) => {
    const identifiers = Array.from({ length: 20 }, (_, index) => `n${index}`);
    await write(store, ...identifiers);
    const progress: number[] = [];
    const abort = new AbortController();
    const onProgress = (removed: number) => {
      progress.push(removed);
      if (removed >= 5) abort.abort(new Error('enough'));
    };
    const options = { batchSize: 5, onProgress, signal: abort.signal };
    await assert.rejects(store.sweep(buildPattern(SCOPE, 'n*'), options), /enough/);
    assert((progress.at(-1) ?? 0) >= 5);
    assert((await left(store, ...identifiers)).length > 0);
  });
}

function describeRankings(it: It): void {
  it('add up, and name the highest first', async (store) => {
    const ranking = store.ranking?.('contract:popular_searches', { capacity: 100 });
    if (!ranking) return; // a store may have none
    await ranking.add(
      new Map([
        ['a', 1],
        ['b', 5],
      ]),
    );
    await ranking.add(
      new Map([
        ['a', 2],
        ['c', 3],
      ]),
    );
    const top = await ranking.top(2);
    assert.deepEqual(
      top.map(({ member, score }) => [member, score]),
      [
        ['b', 5],
        ['a', 3],
      ],
    );
    assert.deepEqual([await ranking.remove('b'), await ranking.remove('b')], [true, false]);
    assert.equal((await ranking.top(10)).length, 2);
    await ranking.clear();
    assert.deepEqual(await ranking.top(10), []);
  });
}
