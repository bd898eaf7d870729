import fc from 'fast-check';
import {
  type CacheTypeOptions,
  type Clock,
  createCache,
  InvalidationError,
  LoaderTimeoutError,
  memoryStore,
  type Store,
} from '../../src/index.ts';
import { settle } from '../../src/testing/index.ts';

/** One thing that a process does, at a moment that the scheduler chooses. */
export interface Operation {
  readonly process: 0 | 1;
  readonly key: 'a' | 'b';
  readonly kind: (typeof KINDS)[number];
}

const KINDS = [
  'getOrSet',
  'getOrSet',
  'getOrSet',
  'get',
  'claim',
  'abandonedClaim',
  'set',
  'invalidateKey',
  'invalidateKeys',
  'invalidateKnownTag',
  'invalidateLateTag',
  'invalidateType',
  'invalidatePattern',
  'clear',
  'expire',
  'getMany',
  'getOrSetMany',
  'setMany',
  'skip',
  'getWithoutGrace',
  'force',
  'leave',
] as const;

/** Callers run beside each other; the operations of one come one after another. */
export type Scenario = readonly (readonly Operation[])[];

const operation: fc.Arbitrary<Operation> = fc.record({
  process: fc.constantFrom(0 as const, 1 as const),
  key: fc.constantFrom('a' as const, 'b' as const),
  kind: fc.constantFrom(...KINDS),
});
export const scenarios: fc.Arbitrary<Scenario> = fc.array(fc.array(operation, { minLength: 1, maxLength: 5 }), {
  minLength: 2,
  maxLength: 4,
});

/** Between two moments everything that is due runs to its end; else ticks would wait until nothing else is left to happen. */
export const schedulers: fc.Arbitrary<fc.Scheduler> = fc.scheduler({
  act: async (run) => {
    await run();
    await settle();
  },
});

/** In every third call or so, wherever fast-check likes. */
export const deafness: fc.Arbitrary<() => boolean> = fc.infiniteStream(fc.nat({ max: 2 })).map((stream) => () => {
  return stream.next().value === 0;
});

/** Faults put into the parts between engine and store, or the engine itself, to see whether the check finds them. */
export interface World {
  readonly store?: (store: Store) => Store;
  /** Asked before each read and lease: does the store leave this one without an answer? */
  readonly isDeaf?: () => boolean;
  /** What the type `lead` has besides a TTL of an hour. */
  readonly type?: CacheTypeOptions<number>;
  /** Deadlines, breaker and journal between engine and store: any call may be given up, and still take effect. */
  readonly isGuarded?: boolean;
  /** Copies in each process, which follow the announcements of the store. */
  readonly local?: boolean;
}

/** More than any run of a sound engine needs: beyond it something goes round for ever. */
const MAX_MOMENTS = 5_000;

/** A read that came after an invalidation had resolved, and still returned what was in the source before. */
export class StaleRead extends Error {}

/**
 * Runs a scenario in an order of the scheduler's choice: every request, every reply, every step of a loader and every
 * timer is a moment of its own. The source is one version number that each invalidating writer raises first.
 * An announcement arrives in the moment of the change, before its answer and those of reads that are under way.
 * @returns how many reads copies have answered
 * @throws StaleRead when P1 is violated.
 */
export async function runInterleaved(scheduler: fc.Scheduler, scenario: Scenario, world: World = {}): Promise<number> {
  const bounded = boundedScheduler(scheduler);
  const clock = scheduledClock(bounded);
  const inner = memoryStore({ clock, maxEntries: 100 });
  const store = delayed(bounded, world.store?.(inner) ?? inner, world.isDeaf ?? (() => false));
  const types: { lead: CacheTypeOptions<number> } = { lead: { ttl: '1h', ...world.type } };
  const storeBudget = world.isGuarded ? '50ms' : false;
  const options = { types, store, storeBudget, clock, logger: false, random: () => 0.5 } as const;
  const open = () => createCache({ ...options, local: world.local ?? false });
  const caches = [open(), open()];
  let version = 0;
  /** By key: no read that begins now may return less. `s` is only ever `set`: its writers come one after another. */
  const floors = new Map<string, number>([
    ['a', 0],
    ['b', 0],
    ['s', 0],
  ]);
  const raise = (keys: readonly string[], to: number) => {
    for (const key of keys) floors.set(key, Math.max(to, floors.get(key) ?? 0));
  };
  /** An invalidation that could not be applied binds the process that made it. */
  const own = [new Map<string, number>(), new Map<string, number>()] as const;
  let lastSet: Promise<unknown> = Promise.resolve();

  const moment = bounded;
  const loader = async () => {
    await moment('load begins');
    const read = version;
    for (let step = 1; step <= 6; step++) await moment(`load goes on, ${step}`); // a source is slower than the store
    return read;
  };
  const loadMany = async (missing: readonly unknown[]) => {
    const read = await loader();
    return missing.map(() => read);
  };
  const failing = async () => {
    await loader();
    throw new SourceError();
  };
  const tags = { tags: ['known'] };
  const late = { tags: (_value: number) => ['late'] };

  async function perform({ process, key, kind }: Operation): Promise<void> {
    await moment(`${kind} ${key} by ${process}`);
    const cache = caches[process];
    if (!cache) return;
    const leads = cache.type('lead');
    const reading = async (name: string, read: () => Promise<number | undefined>) => {
      const now = floorsOf([name]);
      check(now, [await read().catch(withoutValue)]);
    };
    const floorsOf = (names: readonly string[]) =>
      names.map((name) => [name, Math.max(floors.get(name) ?? 0, own[process].get(name) ?? 0)] as const);
    const check = (now: readonly (readonly [string, number])[], values: readonly (number | undefined)[] = []) => {
      for (const [index, [name, floor]] of now.entries()) {
        const value = values[index];
        if (value !== undefined && value < floor)
          throw new StaleRead(`${kind}, ${name}: version ${value}, floor ${floor}`);
      }
    };
    const invalidating = async (keys: readonly string[], invalidate: () => Promise<unknown>) => {
      const written = ++version;
      const outcome = await outcomeOf(invalidate);
      if (outcome === 'applied') raise(keys, written);
      if (outcome === 'journaled') for (const name of keys) own[process].set(name, written);
    };
    switch (kind) {
      case 'getOrSet':
        for (let time = 0; time < (world.local ? 3 : 1); time++)
          await reading(key, () => leads.getOrSet(key, loader, { tags: (value) => ['known', ...late.tags(value)] })); // load, copy, hit
        return reading('s', () => leads.getOrSet('s', loader, tags));
      case 'skip':
        return reading(key, () =>
          leads.getOrSet(key, ({ skip }) => {
            skip();
            return loader();
          }),
        );
      case 'getMany': {
        const now = floorsOf(['a', 'b', 's']);
        return check(now, await leads.getMany(['a', 'b', 's']));
      }
      case 'getOrSetMany': {
        const names = key === 'a' ? ['a', 'b', 's'] : ['s', 'b', 'a', 'b'];
        const now = floorsOf(names);
        const all = leads.getOrSetMany(names, loadMany, { tags: (value) => ['known', ...late.tags(value)] });
        return check(now, await all.catch(withoutValue));
      }
      case 'expire': // gives no floor: until it is refreshed, the old value may be served
        await leads.expire(key);
        return;
      case 'getWithoutGrace':
        return reading(key, () => leads.getOrSet(key, loader, { grace: 0, tags: ['known', 'late'] }));
      case 'force':
        await reading(key, () => leads.getOrSet(key, failing, { force: true }));
        return reading(key, () =>
          leads.getOrSet(key, loader, { force: true, tags: (value) => ['known', ...late.tags(value)] }),
        );
      case 'leave': {
        const client = new AbortController();
        void moment('the caller leaves').then(() => client.abort());
        return reading(key, () => leads.getOrSet(key, loader, { signal: client.signal, tags: ['known', 'late'] }));
      }
      case 'get':
        await reading('s', () => leads.get('s', { stale: true }));
        await reading(key, () => leads.get(key, { stale: true }));
        return reading(key, () => leads.get(key));
      case 'claim':
        return reading(key, async () => {
          const claim = await leads.claim(key, tags);
          return claim.hit ? claim.value : claim.fill(await loader(), late);
        });
      case 'abandonedClaim':
        return reading(key, async () => {
          const claim = await leads.claim(key, tags);
          if (claim.hit) return claim.value;
          await claim.release();
          return undefined;
        });
      case 'set':
        lastSet = lastSet.then(async () => {
          const written = ++version;
          if (await leads.set('s', written, { tags: ['known', 'late'] })) raise(['s'], written);
        });
        await lastSet;
        return;
      case 'setMany':
        lastSet = lastSet.then(async () => {
          const written = ++version;
          const pairs = [['s', written]] as const;
          if ((await leads.setMany(pairs, { tags: ['known', 'late'] })) === 1) raise(['s'], written);
        });
        await lastSet;
        return;
      case 'invalidateKey':
        return invalidating([key], () => leads.invalidate(key));
      case 'invalidateKeys':
        return invalidating(['a', 'b'], () => leads.invalidateMany(['a', 'b']));
      case 'invalidateKnownTag':
        return invalidating(['a', 'b'], () => cache.invalidateTags(['known']));
      case 'invalidateLateTag':
        return invalidating(['a', 'b'], () => cache.invalidateTags(['late']));
      case 'invalidateType':
        return invalidating(['a', 'b'], () => leads.invalidateAll());
      case 'invalidatePattern':
        return invalidating([key], () => cache.invalidatePattern(`lead:${key}*`));
      case 'clear':
        return invalidating(['a', 'b'], () => cache.clear());
    }
  }

  const failures: unknown[] = [];
  const call = async (caller: readonly Operation[]) => {
    for (const step of caller) await perform(step);
  };
  const all = Promise.all(scenario.map((caller) => call(caller).catch((error: unknown) => failures.push(error))));
  await scheduler.waitFor(all);
  if (failures.length > 0) throw failures[0];
  return caches.reduce((hits, cache) => hits + cache.stats().lead.localHits, 0);
}

class SourceError extends Error {}

/** A read may end without a value: under a hardTimeout, with a source that fails, or as its caller has left. */
function withoutValue(error: unknown): undefined {
  const hasLeft = error instanceof DOMException && error.name === 'AbortError';
  if (!hasLeft && !LoaderTimeoutError.is(error) && !(error instanceof SourceError)) throw error;
}

/** A pattern that could not be swept rejects, and is forgotten; all others say that they were not applied, and will be. */
async function outcomeOf(invalidate: () => Promise<unknown>): Promise<'applied' | 'journaled' | 'failed'> {
  try {
    const result = await invalidate();
    const isApplied = typeof result !== 'object' || Reflect.get(result ?? {}, 'applied') === true;
    return isApplied ? 'applied' : 'journaled';
  } catch (error) {
    if (InvalidationError.is(error)) return 'failed';
    throw error;
  }
}

/** Resolves at a moment of the scheduler's choice. */
type Moment = (label: string) => Promise<void>;

function boundedScheduler(scheduler: fc.Scheduler): Moment {
  let moments = 0;
  return (label) => {
    if (++moments > MAX_MOMENTS) throw new Error(`more than ${MAX_MOMENTS} steps: something goes round for ever`);
    return scheduler.schedule(Promise.resolve(), label);
  };
}

/** Time stands still but for timers, which fire in any order: a lease may run out at any moment. */
function scheduledClock(moment: Moment): Clock {
  let now = 0;
  return {
    now: () => now,
    epoch: () => now,
    after(delayMs, task) {
      let isCancelled = false;
      const dueAt = now + delayMs;
      void moment(`timer of ${delayMs} ms`).then(() => {
        if (isCancelled) return;
        now = Math.max(now, dueAt);
        task();
      });
      return () => {
        isCancelled = true;
      };
    },
    afterArrivals: (task) => void moment('arrivals are handed out').then(task),
  };
}

/** Every call of the store travels there and back on its own. */
function delayed(moment: Moment, store: Store, isDeaf: () => boolean): Store {
  const METHODS = new Set(['ping', 'read', 'lease', 'renew', 'fill', 'release', 'expire', 'invalidate', 'sweep']);
  return new Proxy(store, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      if (typeof name !== 'string' || !METHODS.has(name)) return method.bind(target);
      return async (...given: unknown[]) => {
        await moment(`request ${name}`);
        if ((name === 'read' || name === 'lease') && isDeaf()) throw new Error('no answer');
        const reply: unknown = await method.apply(target, given);
        await moment(`reply ${name}`);
        return reply;
      };
    },
  });
}
