import type { Entry, EntryId, StoreKey } from '../store/store.ts';
import type { Budget } from './budget.ts';
import type { Right } from './claim.ts';
import type { Loader } from './loading.ts';
import type { ReadOptions } from './read-options.ts';

/** One read that may load. */
export interface ReadRequest {
  readonly key: StoreKey;
  readonly options: ReadOptions<never>;
  /** Those that are known before a load. */
  readonly tags: readonly string[];
  /** `undefined`: the right to fill is handed out. */
  readonly loader: Loader<unknown, never> | undefined;
  /** One of many that are read at once: its calls of the store take their turn. */
  readonly isBulk?: boolean | undefined;
  /** Called when it turns out that this reader waits for the load of another. */
  readonly onWaiting?: (() => void) | undefined;
}

/**
 * A read sent back this often ends without asking the store again: it loads without a lease, or takes the stale value.
 * It never goes round for ever.
 */
export const MAX_ROUNDS = 16;

/** How far a read has come. */
export interface Progress {
  readonly round: number;
  readonly budget: Budget;
  readonly waitUntil: number;
}

/** A value, and what tells when it is to be loaded anew. */
export interface Refreshable {
  readonly value: unknown;
  /** Without `bytes` the value belongs to no reader. */
  readonly entry: Pick<Entry, 'id' | 'freshForMs' | 'ageMs' | 'loadMs'> & Partial<Pick<Entry, 'bytes'>>;
}

export interface Found extends Refreshable {
  readonly entry: Entry;
}

/** What the store said of a key. `unknown`: it did not answer. */
export type Lookup =
  | ({ readonly kind: 'fresh' } & Found)
  | ({ readonly kind: 'stale' } & Found)
  /** `rejected`: there is a value, which this reader cannot use. `previous`: it is known, and is to be replaced. */
  | { readonly kind: 'miss'; readonly rejected: EntryId | undefined; readonly previous?: unknown }
  | { readonly kind: 'unknown' };

/** What a forced read takes for an answer: nothing that was stored when it began. */
export class ForcedRead {
  /** Of what was stored then; `null` for nothing. `undefined`: the store has not answered yet. */
  #replaced: EntryId | null | undefined;

  see(lookup: Lookup): Lookup {
    if (lookup.kind === 'unknown') return lookup;
    const id = (lookup.kind === 'miss' ? lookup.rejected : lookup.entry.id) ?? null;
    if (this.#replaced === undefined) this.#replaced = id;
    else if (lookup.kind === 'fresh' && id !== this.#replaced) return lookup; // of a load that it waited for
    if (lookup.kind === 'miss') return lookup;
    return { kind: 'miss', rejected: lookup.entry.id, previous: lookup.value };
  }
}

/**
 * A lease, or why there is none. `filled`: there is a value by now. `busy`: another one loads, for longer than one
 * could wait.
 */
export type Acquired =
  | Exclude<Right, { kind: 'unfenced' }>
  | { readonly kind: 'filled' }
  | { readonly kind: 'busy'; readonly retryMs: number; readonly isPause?: boolean | undefined };

/** How long a reader goes on asking for a lease. */
export interface Patience {
  readonly budget: Budget;
  readonly waitUntil: number;
  /**
   * Whether it also waits while no caller may load since a load failed. Not where there is a stale value to answer
   * with.
   */
  readonly waitsOutPause: boolean;
  /** Of the caller, if it may leave. A refresh is not the caller's. */
  readonly signal?: AbortSignal | undefined;
}
