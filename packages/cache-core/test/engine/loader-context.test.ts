import { describe, expect, it, vi } from 'vitest';
import { CacheConfigError, createCache, KeyError, type LoaderContext } from '../../src/index.ts';
import { settle } from '../../src/testing/index.ts';
import { fleet, heldLoader } from './fixtures.ts';

const GRACE = { ttl: '10s', grace: '1m' } as const;

describe('skip', () => {
  it('gives the value to those who wait, and stores nothing', async () => {
    const { one } = fleet<string>(GRACE);
    const load = vi.fn(({ skip }: LoaderContext<string>) => {
      skip();
      return 'draft';
    });
    expect(await Promise.all(Array.from({ length: 100 }, () => one.leads.getOrSet(1, load)))).toEqual(
      new Array(100).fill('draft'),
    );
    await settle();
    expect(load).toHaveBeenCalledTimes(1);
    expect(await one.leads.get(1)).toBeUndefined();
    expect(one.stats()).toMatchObject({ skipped: 1, stored: 0, uncacheable: 0 });
  });

  it('under 100 joiners costs one more load: they share the next one', async () => {
    const { one, clock } = fleet<string>(GRACE);
    const { load, call } = heldLoader();
    const owner = one.leads.getOrSet(1, load);
    await settle();
    const joiners = Array.from({ length: 100 }, () => one.leads.getOrSet(1, load));
    await settle();
    call(0).context.skip();
    call(0).resolve('draft');
    expect(await owner).toBe('draft');
    await settle();
    call(1).context.skip();
    call(1).resolve('second draft');
    expect(new Set(await Promise.all(joiners))).toEqual(new Set(['second draft']));
    expect(load).toHaveBeenCalledTimes(2);
    await settle();
    expect(clock.pendingTimers).toBe(0);
  });

  it('in a refresh leaves the stale value for the rest of its grace', async () => {
    const { clock, one } = fleet<string>(GRACE);
    await one.leads.getOrSet(1, () => 'old');
    await clock.advance(15_000);
    const skipping = ({ skip }: LoaderContext<string>) => {
      skip();
      return 'draft';
    };
    expect(await one.leads.getOrSet(1, skipping)).toBe('old');
    await settle();
    expect(await one.leads.getOrSet(1, skipping)).toBe('old');
    await clock.advance(60_000);
    expect(await one.leads.getOrSet(1, skipping)).toBe('draft');
  });
});

describe('setTtl', () => {
  it('comes before the TTL of the call and of the type, without jitter', async () => {
    const { one } = fleet<string>({ ttl: '10s', jitter: 0.5 });
    const load = ({ setTtl }: LoaderContext<string>) => {
      setTtl('5m');
      return 'Ada';
    };
    await one.leads.getOrSet(1, load, { ttl: '1h' });
    expect(await one.leads.getTtl(1)).toBe(300);
  });

  it('throws for what is no duration, where the loader can see it', async () => {
    const { one } = fleet<string>({ ...GRACE, backoff: 0 });
    const load = ({ setTtl }: LoaderContext<string>) => {
      setTtl(-1);
      return 'Ada';
    };
    await expect(one.leads.getOrSet(1, load)).rejects.toBeInstanceOf(CacheConfigError);
  });
});

describe('setTags', () => {
  it('adds tags to those of the type and the call', async () => {
    for (const tag of ['of type', 'of call', 'of loader']) {
      const { one, two } = fleet<string>({ ttl: '1h', tags: ['of type'] });
      const load = ({ setTags }: LoaderContext<string>) => {
        setTags(['of loader']);
        return 'Ada';
      };
      await one.leads.getOrSet(1, load, { tags: ['of call'] });
      await settle();
      expect(await two.leads.get(1)).toBe('Ada');
      await two.cache.invalidateTags([tag]);
      expect(await two.leads.get(1)).toBeUndefined();
    }
  });

  it('is honoured by an invalidation during the load', async () => {
    const { one, two } = fleet<string>({ ttl: '1h' });
    const { load, call } = heldLoader();
    const reader = one.leads.getOrSet(1, load);
    await settle();
    await two.cache.invalidateTags(['acme']);
    call(0).context.setTags(['acme']);
    call(0).resolve('read before');
    expect(await reader).toBe('read before');
    await settle();
    expect(await one.leads.get(1)).toBeUndefined();
    expect(one.stats().refused).toBe(1);
  });

  it('throws for what is no list of tags', async () => {
    const { one } = fleet<string>({ ...GRACE, backoff: 0 });
    const load = ({ setTags }: LoaderContext<string>) => {
      setTags(['']);
      return 'Ada';
    };
    await expect(one.leads.getOrSet(1, load)).rejects.toBeInstanceOf(KeyError);
  });
});

describe('previous', () => {
  it('is undefined for a cold key, the stale value in a refresh, the fresh one ahead of its end', async () => {
    const { clock, one } = fleet<string>({ ...GRACE, refreshAhead: true });
    const seen: unknown[] = [];
    const load = ({ previous }: { previous: unknown }) => {
      seen.push(previous);
      return `value ${seen.length}`;
    };
    await one.leads.getOrSet(1, load);
    await clock.advance(15_000);
    await one.leads.getOrSet(1, load);
    await clock.advance(9_900);
    await one.leads.getOrSet(1, load);
    await settle();
    expect(seen).toEqual([undefined, 'value 1', 'value 2']);
  });
});

describe('the context', () => {
  it('needs no this, and has a signal that is never aborted where there is no hardTimeout', async () => {
    const { clock, one } = fleet<string>(GRACE);
    const { load, call } = heldLoader();
    const reader = one.leads.getOrSet(1, load);
    await clock.advance(60_000);
    const { signal, setTtl, setTags, skip } = call(0).context;
    setTtl('1m');
    setTags(['acme']);
    skip();
    expect(signal.aborted).toBe(false);
    call(0).resolve('Ada');
    expect(await reader).toBe('Ada');
  });

  it('is given to loaders of a cache that is not enabled, too', async () => {
    const leads = createCache({ types: { lead: { ttl: '1h' } }, enabled: false, logger: false }).type('lead');
    const load = vi.fn(({ signal, skip }: LoaderContext<unknown>) => {
      skip();
      return signal.aborted;
    });
    expect(await leads.getOrSet(1, load)).toBe(false);
  });
});
