import assert from 'node:assert/strict';
import { buildPattern } from '../keys/pattern.ts';
import type { Store } from '../store/store.ts';
import { entryOf, grant, type It, keyOf, keyTarget, put, read, SCOPE, tagTarget, textOf } from './contract-fixtures.ts';

export function describeInvalidation(it: It): void {
  it('of a key removes its value, and counts it', async (store) => {
    await put(store, keyOf('42'), entryOf('Ada'));
    await put(store, keyOf('43'), entryOf('Bob'));
    assert.deepEqual(await store.invalidate([keyTarget(keyOf('42')), keyTarget(keyOf('absent'))]), { removed: 1 });
    assert.equal(await read(store, keyOf('42')), undefined);
    assert.equal(await read(store, keyOf('43')), 'Bob');
  });

  it('of a tag ends the values that carry it, of every type, and no others', async (store) => {
    await put(store, keyOf('42'), entryOf('Ada', { tags: ['acme', 'vip'] }));
    await put(store, keyOf('7', 'report'), entryOf('Q3', { tags: ['acme'] }));
    await put(store, keyOf('43'), entryOf('Bob', { tags: ['vip'] }));
    await store.invalidate([tagTarget('acme')]);
    assert.deepEqual([await read(store, keyOf('42')), await read(store, keyOf('7', 'report'))], [undefined, undefined]);
    assert.equal(await read(store, keyOf('43')), 'Bob');
  });

  it('of the tag of a type ends all its values', async (store) => {
    await put(store, keyOf('42'), entryOf('Ada'));
    await put(store, keyOf('42', 'report'), entryOf('Q3'));
    await store.invalidate([tagTarget('lead')]);
    assert.equal(await read(store, keyOf('42')), undefined);
    assert.equal(await read(store, keyOf('42', 'report')), 'Q3');
  });

  it('keeps to its namespace', async (store) => {
    await put(store, keyOf('42'), entryOf('Ada', { tags: ['acme'] }));
    await store.invalidate([
      { kind: 'tag', namespace: 'other', tag: 'acme' },
      { kind: 'tag', namespace: undefined, tag: 'acme' },
    ]);
    assert.equal(await read(store, keyOf('42')), 'Ada');
  });

  it('lets the next load fill again', async (store) => {
    const key = keyOf('42');
    await put(store, key, entryOf('old', { tags: ['acme'] }));
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

export function describeSweeps(it: It): void {
  const write = async (store: Store, ...identifiers: string[]) => {
    for (const identifier of identifiers) await put(store, keyOf(identifier), entryOf(identifier));
  };
  const left = async (store: Store, ...identifiers: string[]) =>
    (await store.read(identifiers.map((identifier) => keyOf(identifier))))
      .map(textOf)
      .filter((text) => text !== undefined);

  it('remove what matches, and nothing else', async (store) => {
    await write(store, '41', '42', '4*', '[4]', 'x:4', '5');
    await put(store, keyOf('42', 'report'), entryOf('Q3'));
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
