import { tagKey } from '../keys/store-keys.ts';
import type { Entry, StoreKey, TagTarget, Target } from './store.ts';

export interface JournalOptions {
  /** Targets remembered, of those that wait and of those that were applied each. */
  readonly capacity: number;
  /** How long an applied invalidation is remembered: a failover may have lost it. */
  readonly replayMs: number;
  /**
   * The names of all types that the caches on this store have, in whatever namespace. Their tags drop every value of a
   * namespace.
   */
  readonly typeNames: ReadonlySet<string>;
  /** Milliseconds of a monotonic clock. */
  now(): number;
}

export interface Note {
  readonly target: Target;
  readonly at: number;
}

/**
 * Invalidations that the store does not have for certain: those that could not be applied, and those of the last
 * seconds, which a failover may lose. Bounded (P7): too many keys become an invalidation of their types, and of too
 * many tags the oldest become one of all types that this process knows in their namespace.
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
    this.#set(notes, targets, at);
    if (notes.size > this.#options.capacity) this.#widen(notes, at);
  }

  #set(notes: Map<string, Note>, targets: readonly Target[], at: number): void {
    for (const target of targets) {
      const name = nameOf(target);
      notes.delete(name); // so that the order stays that of time
      notes.set(name, { target, at });
    }
  }

  /**
   * A type stands for its keys, wherever it is used. Nothing stands for a tag: values of types that only other
   * processes know may carry it as well. Nor for a key whose value another program wrote, without tags. So of these
   * half the capacity is kept, and only what is older ends with the types that are known here. Half: else the next
   * target would bring the next widening.
   */
  #widen(notes: Map<string, Note>, at: number): void {
    const kept = [...notes.values()].filter(({ target }) => !isOfItsType(target));
    const lost = kept.splice(0, Math.max(0, kept.length - Math.floor(this.#options.capacity / 2)));
    const namespaces = new Set(lost.map(({ target }) => typeOf(target).namespace));
    const known = [...namespaces].flatMap((namespace) =>
      Array.from(this.#options.typeNames, (tag): TagTarget => ({ kind: 'tag', namespace, tag })),
    );
    const types = [...notes.values()].filter(({ target }) => isOfItsType(target)).map(({ target }) => typeOf(target));
    notes.clear();
    for (const note of kept) notes.set(nameOf(note.target), note);
    this.#set(notes, [...types, ...known], at);
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

/** Does the tag of its type drop it? */
function isOfItsType(target: Target): boolean {
  return target.kind === 'key' && !target.key.acceptsForeign;
}

function typeOf(target: Target): TagTarget {
  return target.kind === 'tag'
    ? target
    : { kind: 'tag', namespace: target.key.scope.namespace, tag: target.key.scope.type };
}

function nameOf(target: Target): string {
  return target.kind === 'key' ? target.key.text : tagKey(target.namespace, target.tag);
}
