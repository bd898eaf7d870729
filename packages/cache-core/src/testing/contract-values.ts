import assert from 'node:assert/strict';
import { entryOf, type It, keyOf, PATIENT_MS, put, read, SHORT_MS, textOf } from './contract-fixtures.ts';

export function describeValues(it: It): void {
  it('returns what was written, with its durations and tags', async (store) => {
    const key = keyOf('42');
    await put(store, key, entryOf('Ada', { tags: ['acme'], freshForMs: 30_000 }));
    const [reply] = await store.read([key]);
    assert.equal(textOf(reply), 'Ada');
    assert(reply?.kind === 'hit');
    assert.deepEqual(reply.entry.tags, ['acme']);
    assert.equal(reply.entry.loadMs, 5);
    assert(reply.entry.freshForMs > 29_000 && reply.entry.freshForMs <= 30_000);
    assert(reply.entry.expiresInMs > 59_000 && reply.entry.expiresInMs <= PATIENT_MS);
  });

  it('answers many keys in order, missing ones as absent', async (store) => {
    await put(store, keyOf('a'), entryOf('A'));
    await put(store, keyOf('c'), entryOf('C'));
    const replies = await store.read([keyOf('c'), keyOf('b'), keyOf('a'), keyOf('c')]);
    assert.deepEqual(replies.map(textOf), ['C', undefined, 'A', 'C']);
    assert.equal(replies[1]?.kind, 'absent');
    assert.deepEqual(await store.read([]), []);
  });

  it('gives every stored value an id of its own', async (store) => {
    const key = keyOf('42');
    await put(store, key, entryOf('same'));
    const [first] = await store.read([key]);
    await put(store, key, entryOf('same'));
    const [second] = await store.read([key]);
    assert(first?.kind === 'hit' && second?.kind === 'hit');
    assert.notEqual(first.entry.id, second.entry.id);
  });

  it('forgets a value when its time is over', async (store, { advance }) => {
    await put(store, keyOf('42'), entryOf('Ada', { freshForMs: SHORT_MS, expiresInMs: SHORT_MS }));
    assert.equal(await read(store, keyOf('42')), 'Ada');
    await advance(SHORT_MS + 1);
    assert.equal(await read(store, keyOf('42')), undefined);
  });

  it('keeps a value that is no longer fresh until it expires', async (store, { advance }) => {
    await put(store, keyOf('42'), entryOf('Ada', { freshForMs: SHORT_MS }));
    await advance(SHORT_MS + 1);
    const [reply] = await store.read([keyOf('42')]);
    assert(reply?.kind === 'hit');
    assert.equal(reply.entry.freshForMs, 0);
    assert(reply.entry.ageMs >= SHORT_MS);
  });

  it('makes a value stale on purpose, and ends the load that runs', async (store) => {
    const key = keyOf('42');
    await put(store, key, entryOf('Ada'));
    const [before] = await store.read([key]);
    assert(before?.kind === 'hit' && before.entry.freshForMs > 0);
    const reply = await store.lease(key, { ttlMs: PATIENT_MS, tags: [], rejected: before.entry.id });
    assert(reply.kind === 'granted');
    await store.expire([key, keyOf('absent')]);
    const [after] = await store.read([key, keyOf('absent')]);
    assert.equal(textOf(after), 'Ada');
    assert(after?.kind === 'hit');
    assert.deepEqual([after.entry.freshForMs, after.entry.id], [0, before.entry.id]);
    assert(after.entry.expiresInMs > 59_000);
    assert.equal(await store.fill(reply.lease, entryOf('loaded before')), 'refused');
    assert.equal(await read(store, keyOf('absent')), undefined);
  });

  it('answers a ping', async (store) => {
    assert.equal(await store.ping(), undefined);
  });

  it('keeps keys of awkward identifiers apart', async (store) => {
    const identifiers = ['a:b', 'a', '*', 'a*', '{x}', '}', 'ä', '%41', ' ', '\n', '\0', '__proto__'];
    for (const identifier of identifiers) await put(store, keyOf(identifier), entryOf(identifier));
    const replies = await store.read(identifiers.map((identifier) => keyOf(identifier)));
    assert.deepEqual(replies.map(textOf), identifiers);
  });
}

export function describeRankings(it: It): void {
  it('add up, and name the highest first', async (store) => {
    const ranking = store.ranking?.('contract/popular_searches', { capacity: 100 });
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
        ['c', 2],
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

  it('add up logarithms, where told', async (store) => {
    const ranking = store.ranking?.('contract:popular_searches:1000', { capacity: 100, isLogarithmic: true });
    if (!ranking) return;
    const later = 5_000; // half-lives: 2 ** 5_000 is no number
    for (const [member, count] of [
      ['a', 3],
      ['b', 8],
      ['a', 4],
    ] as const)
      await ranking.add(new Map([[member, Math.log2(count) + later]]));
    await ranking.add(new Map([['b', Math.log2(8) + later + 1]])); // counts twice
    await ranking.add(new Map([['old', 1]]));
    await ranking.add(new Map([['old', 0]]));
    const top = await ranking.top(3);
    assert.deepEqual(
      top.map(({ member, score }) => [member, Math.round(2 ** (score - (member === 'old' ? 0 : later)))]),
      [
        ['b', 24],
        ['a', 7],
        ['old', 3],
      ],
    );
    await ranking.clear();
  });
}
