import assert from 'node:assert/strict';
import { entryOf, grant, type It, keyOf, keyTarget, PATIENT_MS, read, SHORT_MS } from './contract-fixtures.ts';

export function describeLeases(it: It): void {
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
