import type { FillReply, NewEntry, StoreKey } from '../store/store.ts';
import type { TypeContext } from './engine.ts';
import { checkFillOptions, type FillOptions, tryBuildEntry } from './entry-builder.ts';

/** Stores values that no load of this cache gave: the last one wins. */
export class Writer {
  readonly #context: TypeContext;

  constructor(context: TypeContext) {
    this.#context = context;
  }

  /** @throws KeyError, CacheConfigError for options of which one is wrong */
  check(...options: readonly FillOptions<never>[]): void {
    for (const each of options) checkFillOptions(this.#context.type, each);
  }

  /**
   * @param own options of this value: its `ttl` and `grace` come first, tags are joined
   * @returns whether it was stored
   */
  async write(key: StoreKey, value: unknown, own: FillOptions<never>, common: FillOptions<never>): Promise<boolean> {
    const { observer, engine } = this.#context;
    const { ttl = common.ttl, grace = common.grace } = own;
    const settings = { ttl, grace, tags: [common.tags, own.tags], loadMs: 0 };
    const entry = await tryBuildEntry(this.#context, key.text, value, settings);
    if (!entry) return false;
    observer.countBytes('written', entry.bytes.length);
    try {
      const verdict = await this.#store(key, entry);
      observer.count(verdict, key.text);
      return verdict === 'stored';
    } catch (error) {
      observer.count('storeErrors', key.text, error); // said by `ask`
      return false;
    } finally {
      engine.drop([{ kind: 'key', key }]); // it may be stored after an error, too
    }
  }

  /** Under a lease that it takes by force, so that a value that arrives late undoes nothing newer. */
  async #store(key: StoreKey, entry: NewEntry): Promise<FillReply> {
    const { engine, type } = this.#context;
    const budget = engine.newBudget();
    const options = { ttlMs: type.leaseMs, tags: entry.tags, byForce: true };
    const reply = await engine.ask('lease', (store) => store.lease(key, options, budget), budget);
    if (reply.kind !== 'granted') return 'refused';
    try {
      return await engine.ask('fill', (store) => store.fill(reply.lease, entry, budget), budget);
    } catch (error) {
      // Else every reader waits for a value that does not come. A guard that cannot do it now remembers it.
      const release = engine.ask('release', (store) => store.release(reply.lease));
      engine.runInBackground(
        'release',
        release.catch(() => undefined),
      );
      throw error;
    }
  }
}
