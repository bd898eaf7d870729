import { tagKey } from '../keys/key.ts';
import type { Entry, StoreKey, Target } from './store.ts';

export interface JournalOptions {
  /** Targets remembered, of those that wait and of those that were applied each. */
  readonly capacity: number;
  /** How long an applied invalidation is remembered: a failover may have lost it. */
  readonly replayMs: number;
  /** What drops every value of the cache: its types. */
  readonly everything: readonly Target[];
  /** Milliseconds of a monotonic clock. */
  now(): number;
}

export interface Note {
  readonly target: Target;
  readonly at: number;
}

/**
 * Invalidations that the store does not have for certain: those that could not be applied, and those of the last seconds,
 * which a failover may lose. Bounded: too many keys become an invalidation of their type, too many tags one of everything (P7).
 */
export class Journal {
  readonly #options: JournalOptions;
  readonly #pending = new Map<string, Note>();
  readonly #applied = new Map<string, Note>();
  #heldAt: number | undefined;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  /** How many wait to be applied. */
  get size(): number {
    return this.#pending.size;
  }

  /** Could not be applied, as far as is known. */
  add(targets: readonly Target[]): void {
    this.#note(this.#pending, targets);
  }

  /** Was applied. */
  remember(targets: readonly Target[]): void {
    this.#dropOld();
    this.#note(this.#applied, targets);
  }

  /** May a value still be there that was to be dropped, or have been there at some moment after `since`? */
  covers(key: StoreKey, { tags }: Pick<Entry, 'tags'>, since = Number.POSITIVE_INFINITY): boolean {
    if (this.#pending.size === 0 && since === Number.POSITIVE_INFINITY) return false;
    const { namespace, type } = key.scope;
    const isOld = (name: string) => this.#pending.has(name) || (this.#applied.get(name)?.at ?? -1) >= since;
    return isOld(key.text) || isOld(tagKey(namespace, type)) || tags.some((tag) => isOld(tagKey(namespace, tag)));
  }

  /** What the store must be told: after an interruption also what it may have lost. */
  due({ afterInterruption }: { afterInterruption: boolean }): readonly Note[] {
    this.#dropOld();
    const lost = afterInterruption ? [...this.#applied.values()] : [];
    return [...this.#pending.values(), ...lost];
  }

  /** A note was applied. One of the same target that came meanwhile stays. */
  done(note: Note): void {
    const name = nameOf(note.target);
    if (this.#pending.get(name) === note) this.#pending.delete(name);
    this.remember([note.target]);
  }

  #note(notes: Map<string, Note>, targets: readonly Target[]): void {
    const at = this.#options.now();
    for (const target of targets) {
      const name = nameOf(target);
      notes.delete(name); // so that the order stays that of time
      notes.set(name, { target, at });
    }
    if (notes.size > this.#options.capacity) this.#widen(notes, at);
  }

  #widen(notes: Map<string, Note>, at: number): void {
    const { everything } = this.#options;
    const names = new Set(everything.map(nameOf));
    const isNarrow = [...notes.values()].every(({ target }) => target.kind === 'key' || names.has(nameOf(target)));
    const wide = isNarrow ? [...notes.values()].map(({ target }) => typeOf(target)) : everything;
    notes.clear();
    for (const target of wide) notes.set(nameOf(target), { target, at });
  }

  /** The store is away: what it may have lost are the last seconds before that, however long it lasts. */
  hold(): void {
    this.#heldAt ??= this.#options.now();
  }

  /** The store is there again, and was told everything. */
  letGo(): void {
    this.#heldAt = undefined;
  }

  #dropOld(): void {
    const oldest = (this.#heldAt ?? this.#options.now()) - this.#options.replayMs;
    for (const [name, { at }] of this.#applied) {
      if (at >= oldest) return;
      this.#applied.delete(name);
    }
  }
}

function typeOf(target: Target): Target {
  return target.kind === 'tag'
    ? target
    : { kind: 'tag', namespace: target.key.scope.namespace, tag: target.key.scope.type };
}

function nameOf(target: Target): string {
  return target.kind === 'key' ? target.key.text : tagKey(target.namespace, target.tag);
}
