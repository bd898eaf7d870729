import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LocalTier, type Ticket } from '../../src/engine/local-tier.ts';
import type { Announcement } from '../../src/store/announcements.ts';
import type { Entry } from '../../src/store/store.ts';
import { FakeClock } from '../../src/testing/index.ts';

const BOUND_MS = 30;
const scope = { namespace: undefined, type: 'lead' };
const KEYS = ['a', 'b'] as const;
/** Both keys have the tag `both`; each has one of its own. */
const TAGS = ['both', 'only-a', 'only-b', 'lead'] as const;
const tagsOf = (key: string) => ['both', `only-${key}`];

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ does: fc.constant('change' as const), key: fc.constantFrom(...KEYS) }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('invalidate' as const), tag: fc.constantFrom(...TAGS) }) },
  { weight: 8, arbitrary: fc.record({ does: fc.constant('send' as const), key: fc.constantFrom(...KEYS) }) },
  {
    weight: 12,
    arbitrary: fc.record({ does: fc.constantFrom('answer' as const, 'settle' as const), pick: fc.nat(1) }),
  },
  { weight: 6, arbitrary: fc.record({ does: fc.constantFrom('deliver' as const, 'pong' as const, 'arm' as const) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constantFrom('lose' as const, 'notice' as const) }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 25 }) }) },
);

interface Reading {
  readonly ticket: Ticket;
  readonly key: string;
  readonly found?: { version: number; expiresInMs: number };
}

/** A store, a channel that delivers in order until it is lost, and what a copy may be held to. */
class World {
  readonly clock = new FakeClock();
  readonly tier = new LocalTier({ clock: this.clock, maxTags: 2 });
  readonly channel = { trustedUntil: Number.NEGATIVE_INFINITY };
  /** Per key, each version: since when it is current, and when its entry ends. */
  readonly versions = new Map<string, { since: number; endsAt: number }[]>(
    KEYS.map((key) => [key, [{ since: 0, endsAt: 60 }]]),
  );
  /** Per key: the newest version whose coming was delivered. */
  readonly told = new Map<string, number>(KEYS.map((key) => [key, 0]));
  readonly queue: { announcement: Announcement; versions: readonly (readonly [string, number])[] }[] = [];
  readings: Reading[] = [];
  isConnected = false;
  hits = 0;

  constructor() {
    this.tier.follow(this.channel);
  }

  version(key: string): number {
    return (this.versions.get(key)?.length ?? 0) - 1;
  }

  change(keys: readonly string[], announcement: Announcement): void {
    const since = this.clock.now();
    for (const key of keys) this.versions.get(key)?.push({ since, endsAt: since + 60 });
    const versions = keys.map((key) => [key, this.version(key)] as const);
    if (this.isConnected) this.queue.push({ announcement, versions });
  }

  deliver(): void {
    const next = this.queue.shift();
    if (next === undefined) return;
    this.tier.announce(next.announcement);
    for (const [key, version] of next.versions) this.told.set(key, version);
  }

  deliverAll(): void {
    while (this.queue.length > 0) this.deliver();
  }

  arm(): void {
    if (this.isConnected) return;
    this.isConnected = true;
    this.tier.announce({ kind: 'up' });
    this.channel.trustedUntil = this.clock.now() + BOUND_MS;
    for (const key of KEYS) this.told.set(key, this.version(key));
  }

  answer(pick: number): void {
    this.readings = this.readings.map((reading, index) => {
      if (index !== pick || reading.found) return reading;
      const version = this.version(reading.key);
      const { endsAt = 0 } = this.versions.get(reading.key)?.[version] ?? {};
      return { ...reading, found: { version, expiresInMs: endsAt - this.clock.now() } };
    });
  }

  settle(pick: number): void {
    const reading = this.readings[pick];
    if (!reading?.found) return;
    this.readings = this.readings.filter((each) => each !== reading);
    const { version, expiresInMs } = reading.found;
    if (expiresInMs <= 0) return this.tier.cancel(reading.ticket);
    const bytes = new Uint8Array(8);
    const entry: Entry = {
      id: String(version),
      bytes,
      freshForMs: expiresInMs,
      expiresInMs,
      ageMs: 0,
      loadMs: 0,
      tags: tagsOf(reading.key),
    };
    this.tier.settle(reading.ticket, entry, version);
  }

  /** P2: as new as what was announced, never older than the bound, never beyond the life of its entry. */
  check(): void {
    for (const key of KEYS) {
      const copy = this.tier.find(`lead:${key}`);
      if (copy === undefined) continue;
      this.hits++;
      const version = Number(copy.value);
      const history = this.versions.get(key) ?? [];
      expect(version).toBeGreaterThanOrEqual(this.told.get(key) ?? 0);
      const successor = history[version + 1];
      if (successor) expect(this.clock.now() - successor.since).toBeLessThan(BOUND_MS);
      expect(this.clock.now()).toBeLessThan(history[version]?.endsAt ?? 0);
    }
  }
}

async function take(world: World, next: typeof step extends fc.Arbitrary<infer S> ? S : never): Promise<void> {
  switch (next.does) {
    case 'change':
      return world.change([next.key], { kind: 'keys', keys: [`lead:${next.key}`] });
    case 'invalidate': {
      const keys = KEYS.filter((key) => next.tag === 'lead' || tagsOf(key).includes(next.tag));
      return world.change(keys, { kind: 'tags', tags: [`tag:${next.tag}`] });
    }
    case 'send':
      if (world.readings.length > 3) return;
      world.readings.push({ key: next.key, ticket: world.tier.begin({ text: `lead:${next.key}`, scope }) });
      return;
    case 'answer':
      return world.answer(next.pick);
    case 'settle':
      return world.settle(next.pick);
    case 'deliver':
      return world.deliver();
    case 'pong':
      if (!world.isConnected) return;
      world.deliverAll();
      world.channel.trustedUntil = world.clock.now() + BOUND_MS;
      return;
    case 'lose':
      world.isConnected = false;
      world.queue.length = 0;
      return;
    case 'notice':
      if (world.isConnected) return;
      world.channel.trustedUntil = Number.NEGATIVE_INFINITY;
      return world.tier.announce({ kind: 'down', reason: 'test' });
    case 'arm':
      return world.arm();
    case 'pass':
      return world.clock.advance(next.ms);
  }
}

describe('whatever happens in whatever order', () => {
  it('a copy is as new as what was announced, no older than the bound, and ends with its entry', async () => {
    let hits = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 80 }), async (steps) => {
        const world = new World();
        world.arm();
        for (const next of steps) {
          await take(world, next);
          world.check();
        }
        for (const { ticket } of world.readings) world.tier.cancel(ticket);
        expect(world.tier.counts()).toMatchObject({ pending: 0, waiting: 0 });
        hits += world.hits;
      }),
      { numRuns: 2_000 },
    );
    expect(hits, 'a tier that serves nothing would pass as well').toBeGreaterThan(1_000);
  });
});
