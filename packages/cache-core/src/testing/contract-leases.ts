import assert from 'node:assert/strict';
import {
  entryOf,
  grant,
  type It,
  keyOf,
  keyTarget,
  PATIENT_MS,
  put,
  read,
  SHORT_MS,
  tagTarget,
} from './contract-fixtures.ts';

export function describeLeases(it: It): void {
  it('are given to one at a time', async (store) => {
    await grant(store, keyOf('42'));
    const reply = await store.lease(keyOf('42'), { ttlMs: PATIENT_MS, tags: [] });
    assert(reply.kind === 'busy');
    assert(reply.retryMs > 0 && reply.retryMs <= PATIENT_MS);
    assert(!reply.isPause);
    await grant(store, keyOf('43'));
  });

  it('are given to who asks again, as to who asks first', async (store) => {
    const key = keyOf('42');
    const again = () => store.lease(key, { ttlMs: PATIENT_MS, tags: ['acme'], again: true });
    const first = await grant(store, key);
    assert.equal((await again()).kind, 'busy');
    await store.release(first);
    const second = await again();
    assert(second.kind === 'granted');
    await store.invalidate([tagTarget('acme')]);
    assert.equal(await store.fill(second.lease, entryOf('late')), 'refused');
    const third = await again();
    assert(third.kind === 'granted');
    assert.equal(await store.fill(third.lease, entryOf('Ada')), 'stored');
    assert.equal(await read(store, key), 'Ada');
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
    await put(store, key, entryOf('Ada'));
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
    assert.equal(reply.isPause, true);
    assert.equal(await store.fill(lease, entryOf('late')), 'refused');
    await advance(SHORT_MS + 1);
    await grant(store, keyOf('42'));
  });

  it('are taken by force from a load, from another, and where there is a value', async (store) => {
    const key = keyOf('42');
    const load = await grant(store, key);
    const force = async () => {
      const reply = await store.lease(key, { ttlMs: PATIENT_MS, tags: [], byForce: true });
      return reply.kind === 'granted' ? reply.lease : assert.fail();
    };
    const first = await force();
    const second = await force();
    assert.equal(await store.fill(load, entryOf('loaded before')), 'refused');
    assert.equal(await store.fill(first, entryOf('overtaken')), 'refused');
    assert.equal(await store.fill(second, entryOf('set')), 'stored');
    assert.equal(await store.fill(await force(), entryOf('set again')), 'stored');
    assert.equal(await read(store, key), 'set again');
  });

  it('taken by force are lost to an invalidation as others are', async (store) => {
    const key = keyOf('42');
    const reply = await store.lease(key, { ttlMs: PATIENT_MS, tags: ['acme'], byForce: true });
    assert(reply.kind === 'granted');
    await store.invalidate([keyTarget(key)]);
    assert.equal(await store.fill(reply.lease, entryOf('late')), 'refused');
    assert.equal(await read(store, key), undefined);
  });
}
