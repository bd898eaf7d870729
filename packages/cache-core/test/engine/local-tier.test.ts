import { AsyncLocalStorage } from 'node:async_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { LocalTier, type LocalTierOptions } from '../../src/engine/local-tier.ts';
import type { Entry } from '../../src/store/store.ts';
import { FakeClock } from '../../src/testing/index.ts';

const scope = { namespace: 'shop', type: 'lead' };
const keyOf = (identifier: string) => ({ text: `shop/lead:${identifier}`, scope });
const one = keyOf('1');
const entryOf = (change: Partial<Entry> = {}): Entry => ({
  id: 'first',
  bytes: new Uint8Array(100),
  freshForMs: 1_000,
  expiresInMs: 5_000,
  ageMs: 0,
  loadMs: 7,
  tags: [],
  ...change,
});

const ALWAYS = { trustedUntil: Number.POSITIVE_INFINITY };

function tierOf(options: Partial<LocalTierOptions> = {}) {
  const clock = new FakeClock();
  const tier = new LocalTier({ clock, ...options });
  tier.follow(ALWAYS);
  tier.announce({ kind: 'up' });
  const put = (key = one, entry = entryOf(), value: unknown = { name: 'Ada' }) =>
    tier.settle(tier.begin(key), entry, value);
  return { clock, tier, put };
}

describe('a copy', () => {
  it('has the value, and the times of its entry from when its read was sent', async () => {
    const { clock, tier } = tierOf();
    await clock.advance(10);
    const ticket = tier.begin(one);
    await clock.advance(3);
    expect(tier.settle(ticket, entryOf({ tags: ['acme'] }), 'value')).toBe(true);
    expect(tier.find(one.text)).toMatchObject({
      value: 'value',
      id: 'first',
      freshUntil: 1_010,
      servedUntil: 1_010,
      loadMs: 7,
      refreshFrom: 960, // 5 % of the TTL before its end
    });
  });

  it('ends when the store says that its entry ends, counted from when the read was sent', async () => {
    const { clock, tier } = tierOf();
    const ticket = tier.begin(one);
    await clock.advance(100);
    tier.settle(ticket, entryOf({ expiresInMs: 1_000 }), 'value');
    await clock.advance(899);
    expect(tier.find(one.text)).toBeDefined();
    await clock.advance(1);
    expect(tier.find(one.text)).toBeUndefined();
    expect(tier.counts()).toMatchObject({ copies: 0, bytes: 0 });
  });

  it('goes with an announcement of its key, and of no other', () => {
    const { tier, put } = tierOf();
    put();
    tier.announce({ kind: 'keys', keys: ['shop/lead:2', 'shop/lead:11'] });
    expect(tier.find(one.text)).toBeDefined();
    tier.announce({ kind: 'keys', keys: ['shop/lead:2', one.text] });
    expect(tier.find(one.text)).toBeUndefined();
  });

  it.each([
    ['a tag of it', 'shop/tag:acme', false],
    ['its type', 'shop/tag:lead', false],
    ['a tag with a name that is escaped', 'shop/tag:a%20b', false],
    ['another tag', 'shop/tag:other', true],
    ['the same tag of another namespace', 'tag:acme', true],
  ])('and an announcement of %s', (_what, tag, stays) => {
    const { tier, put } = tierOf();
    put(one, entryOf({ tags: ['acme', 'a b'] }));
    tier.announce({ kind: 'tags', tags: ['shop/tag:whatever', tag] });
    expect(tier.find(one.text) !== undefined).toBe(stays);
    expect(tier.find(one.text) !== undefined, 'the second time nothing is compared').toBe(stays);
  });

  it('goes when everything may have changed, and when the channel goes or comes', () => {
    for (const kind of ['all', 'up'] as const) {
      const { tier, put } = tierOf();
      put();
      tier.announce({ kind });
      expect(tier.find(one.text)).toBeUndefined();
      expect(put(), `a read after ${kind}`).toBe(true);
      expect(tier.find(one.text)).toBeDefined();
    }
    const { tier, put } = tierOf();
    put();
    tier.announce({ kind: 'down', reason: 'test' });
    expect(tier.find(one.text)).toBeUndefined();
    expect(put()).toBe(false);
  });

  it('is not served while the channel is not trusted, and is again once it is, if nothing was lost', async () => {
    const { clock, tier, put } = tierOf();
    const channel = { trustedUntil: 100 };
    tier.follow(channel);
    put();
    await clock.advance(99);
    expect(tier.find(one.text)).toBeDefined();
    await clock.advance(1);
    expect(tier.find(one.text)).toBeUndefined();
    channel.trustedUntil = 200;
    expect(tier.find(one.text)).toBeDefined();
  });

  it('is not made before a channel is followed and up', () => {
    const tier = new LocalTier({ clock: new FakeClock() });
    expect(tier.settle(tier.begin(one), entryOf(), 'value')).toBe(false);
    tier.announce({ kind: 'up' });
    tier.settle(tier.begin(one), entryOf(), 'value');
    expect(tier.find(one.text)).toBeUndefined();
  });

  it('lives for a moment only where there are no announcements, until there are some', async () => {
    const clock = new FakeClock();
    const tier = new LocalTier({ clock });
    tier.serveAlone(500);
    tier.settle(tier.begin(one), entryOf(), 'value');
    await clock.advance(499);
    expect(tier.find(one.text)).toBeDefined();
    await clock.advance(1);
    expect(tier.find(one.text)).toBeUndefined();
    tier.settle(tier.begin(one), entryOf(), 'value');
    tier.announce({ kind: 'up' });
    expect(tier.find(one.text), 'it was read before changes were announced').toBeUndefined();
  });
});

describe('a read under way', () => {
  it.each([
    ['its key', { kind: 'keys', keys: [one.text] }],
    ['its type', { kind: 'tags', tags: ['shop/tag:lead'] }],
    ['a tag of its entry', { kind: 'tags', tags: ['shop/tag:acme'] }],
    ['everything', { kind: 'all' }],
    ['a new channel', { kind: 'up' }],
    ['the end of the channel', { kind: 'down', reason: 'test' }],
  ] as const)('leaves no copy after an announcement of %s', (_what, announcement) => {
    const { tier } = tierOf();
    const ticket = tier.begin(one);
    tier.announce(announcement);
    expect(tier.settle(ticket, entryOf({ tags: ['acme'] }), 'value')).toBe(false);
    expect(tier.find(one.text)).toBeUndefined();
    expect(tier.counts()).toMatchObject({ copies: 0, pending: 0 });
  });

  it('leaves one after an announcement of something else', () => {
    const { tier } = tierOf();
    const ticket = tier.begin(one);
    tier.announce({ kind: 'keys', keys: ['shop/lead:2'] });
    tier.announce({ kind: 'tags', tags: ['shop/tag:other'] });
    expect(tier.settle(ticket, entryOf({ tags: ['acme'] }), 'value')).toBe(true);
  });

  it('that began while the channel was down leaves none after it came up', () => {
    const { tier } = tierOf();
    tier.announce({ kind: 'down', reason: 'test' });
    const ticket = tier.begin(one);
    tier.announce({ kind: 'up' });
    expect(tier.settle(ticket, entryOf(), 'value')).toBe(false);
  });

  it('is poisoned by itself: a later read of the key is not', () => {
    const { tier } = tierOf();
    const early = tier.begin(one);
    tier.announce({ kind: 'keys', keys: [one.text] });
    const late = tier.begin(one);
    expect(tier.settle(late, entryOf({ id: 'new' }), 'new')).toBe(true);
    expect(tier.settle(early, entryOf({ id: 'old' }), 'old')).toBe(false);
    expect(tier.find(one.text)?.value).toBe('new');
  });

  it('leaves nothing behind, however it ends', () => {
    const { tier } = tierOf();
    const [a, b] = [tier.begin(one), tier.begin(one)];
    expect(tier.counts().pending).toBe(1);
    tier.settle(a, entryOf(), 'value');
    tier.cancel(a);
    expect(tier.counts().pending).toBe(1);
    tier.cancel(b);
    expect(tier.counts().pending).toBe(0);
  });
});

describe('the bounds', () => {
  it('are entries: those not used for the longest go first', () => {
    const { tier, put } = tierOf({ maxEntries: 3 });
    for (const name of ['1', '2', '3']) put(keyOf(name));
    tier.find(keyOf('1').text);
    put(keyOf('4'));
    expect(['1', '2', '3', '4'].filter((name) => tier.find(keyOf(name).text))).toEqual(['1', '3', '4']);
  });

  it('are bytes, and a value beyond them all is not kept', () => {
    const { tier, put } = tierOf({ maxBytes: 10_000 });
    for (let i = 0; i < 20; i++) put(keyOf(String(i)), entryOf({ bytes: new Uint8Array(1_000) }));
    expect(tier.counts().copies).toBe(4);
    expect(tier.counts().bytes).toBeLessThanOrEqual(10_000);
    put(keyOf('huge'), entryOf({ bytes: new Uint8Array(6_000) }));
    expect(tier.find(keyOf('huge').text)).toBeUndefined();
  });

  it('are tags announced during a read: what was sent before the forgotten ones leaves no copy, what is sent later does', () => {
    const { tier, put } = tierOf({ maxTags: 4 });
    const ticket = tier.begin(keyOf('2'));
    for (let i = 0; i < 6; i++) tier.announce({ kind: 'tags', tags: [`shop/tag:t${i}`] });
    expect(tier.counts().tags).toBe(4);
    expect(tier.settle(ticket, entryOf(), 'value')).toBe(false);
    expect(tier.counts().tags).toBe(0);
    put(one, entryOf({ tags: ['acme'] }));
    tier.announce({ kind: 'tags', tags: ['shop/tag:t4'] });
    expect(tier.find(one.text)).toBeDefined();
  });

  it('are tags that copies carry: they are forgotten with the last copy', () => {
    const { tier, put } = tierOf({ maxEntries: 2 });
    for (let i = 0; i < 100; i++) put(keyOf(String(i)), entryOf({ tags: [`tag ${i}`] }));
    expect(tier.counts().tags).toBe(3); // that of the type, and one each
    tier.announce({ kind: 'keys', keys: [keyOf('99').text, keyOf('98').text] });
    expect(tier.counts().tags).toBe(0);
    put(one, entryOf({ tags: ['acme'] }));
    tier.announce({ kind: 'all' });
    expect(tier.counts().tags).toBe(0);
  });
});

describe('tags that no copy carries', () => {
  it('concern no copy, however many are announced: each new tag is', () => {
    const { tier, put } = tierOf({ maxTags: 10 });
    put(one, entryOf({ tags: ['acme'] }));
    const ticket = tier.begin(keyOf('2')); // one read or other is always under way
    for (let i = 0; i < 1_000; i++) tier.announce({ kind: 'tags', tags: [`shop/tag:new ${i}`] });
    expect(tier.find(one.text)).toBeDefined();
    tier.cancel(ticket);
    expect(tier.counts().tags).toBe(2);
    tier.announce({ kind: 'tags', tags: ['shop/tag:acme'] });
    expect(tier.find(one.text)).toBeUndefined();
  });

  it('are remembered for the oldest read that is under way, and no longer', () => {
    const { tier } = tierOf();
    const [first, second] = [tier.begin(keyOf('1')), tier.begin(keyOf('2'))];
    tier.announce({ kind: 'tags', tags: ['shop/tag:acme'] });
    const third = tier.begin(keyOf('3'));
    expect(tier.settle(first, entryOf({ tags: ['acme'] }), 'value')).toBe(false);
    expect(tier.settle(third, entryOf({ tags: ['acme'] }), 'value')).toBe(true);
    tier.cancel(first); // once more: it counts once
    expect(tier.settle(second, entryOf({ tags: ['acme'] }), 'value')).toBe(false);
    tier.cancel(second);
    expect(tier.counts()).toMatchObject({ pending: 0, tags: 2 });
  });
});

describe('sharing', () => {
  const value = () => ({ name: 'Ada', list: [{ deep: true }], none: null });

  it('freezes a value with all that it holds, kept or not', () => {
    const { tier } = tierOf();
    const kept = value();
    tier.settle(tier.begin(one), entryOf(), kept);
    const refused = value();
    const ticket = tier.begin(one);
    tier.announce({ kind: 'all' });
    tier.settle(ticket, entryOf(), refused);
    for (const each of [kept, refused]) {
      expect(Object.isFrozen(each) && Object.isFrozen(each.list) && Object.isFrozen(each.list[0])).toBe(true);
    }
  });

  it('clones what freezing does not protect', () => {
    const { put, tier } = tierOf();
    const odd = { date: new Date(0), bytes: Buffer.from('x'), map: new Map() };
    expect(put(one, entryOf(), odd)).toBe(true);
    expect(tier.find(one.text)?.value).toEqual(odd);
    expect(tier.find(one.text)?.value).not.toBe(tier.find(one.text)?.value);
  });

  it('freezes what is nested deeper than the stack of the process', () => {
    const { put } = tierOf();
    let deep: object = {};
    for (let i = 0; i < 100_000; i++) deep = { deep };
    expect(put(one, entryOf(), deep)).toBe(true);
  });

  it('is not made of what cannot be cloned, if callers get clones', () => {
    const { tier, put } = tierOf({ share: 'clone' });
    expect(put(one, entryOf(), { greet: () => 'hello' })).toBe(false);
    expect(tier.find(one.text)).toBeUndefined();
  });

  it('counts what its value takes, not what it takes compressed', () => {
    const { tier, put } = tierOf();
    put(one, entryOf({ bytes: gzipSync('x'.repeat(100_000)) }));
    expect(tier.counts().bytes).toBeGreaterThan(200_000);
  });

  it('does not keep the asynchronous context of the request that read it', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const { tier } = tierOf();
    const requests = new AsyncLocalStorage<object>();
    const seen = (() => {
      const request = {};
      requests.run(request, () => tier.settle(tier.begin(one), entryOf(), 'value'));
      return new WeakRef(request);
    })();
    await vi.waitFor(() => {
      collect();
      expect(seen.deref() === undefined).toBe(true); // an error that holds it would keep it
    });
    expect(tier.find(one.text)).toBeDefined();
  });

  it('gives each caller a clone of its own, if asked to', () => {
    const { tier } = tierOf({ share: 'clone' });
    const given = value();
    tier.settle(tier.begin(one), entryOf(), given);
    given.name = 'changed by the reader';
    const [a, b] = [tier.find(one.text)?.value, tier.find(one.text)?.value];
    expect(a).toEqual(value());
    expect(a).not.toBe(b);
  });

  it('trusts, if asked to', () => {
    const { tier } = tierOf({ share: 'trust' });
    const given = value();
    tier.settle(tier.begin(one), entryOf(), given);
    expect(tier.find(one.text)?.value).toBe(given);
    expect(Object.isFrozen(given)).toBe(false);
  });
});

describe('waiting for a key', () => {
  const isWoken = async (promise: Promise<void>) =>
    Promise.race([promise.then(() => true), new Promise((resolve) => setImmediate(resolve, false))]);

  it.each([
    ['the key', { kind: 'keys', keys: [one.text] }, true],
    ['everything', { kind: 'all' }, true],
    ['a new channel', { kind: 'up' }, true],
    ['another key', { kind: 'keys', keys: ['shop/lead:2'] }, false],
    ['a tag', { kind: 'tags', tags: ['shop/tag:lead'] }, false],
    ['the end of the channel', { kind: 'down', reason: 'test' }, false],
  ] as const)('after an announcement of %s', async (_what, announcement, wakes) => {
    const { tier } = tierOf();
    const waits = [tier.waitFor(one.text), tier.waitFor(one.text)];
    tier.announce(announcement);
    for (const { promise } of waits) expect(await isWoken(promise)).toBe(wakes);
    for (const wait of waits) wait.cancel();
    expect(tier.counts().waiting).toBe(0);
  });

  it('ends with cancel, for one caller alone', async () => {
    const { tier } = tierOf();
    const [a, b] = [tier.waitFor(one.text), tier.waitFor(one.text)];
    a.cancel();
    a.cancel();
    tier.announce({ kind: 'keys', keys: [one.text] });
    expect(await isWoken(a.promise)).toBe(false);
    expect(await isWoken(b.promise)).toBe(true);
  });

  it('again after it was woken, waits for the next news', async () => {
    const { tier } = tierOf();
    const first = tier.waitFor(one.text);
    tier.announce({ kind: 'keys', keys: [one.text] });
    const second = tier.waitFor(one.text);
    first.cancel();
    expect(await isWoken(second.promise)).toBe(false);
    tier.announce({ kind: 'keys', keys: [one.text] });
    expect(await isWoken(second.promise)).toBe(true);
  });
});
