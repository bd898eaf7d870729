/**
 * One entry with one tag that only the loaded value names: which leads are in this search result? Its nonce cannot be sampled before the
 * source is read, so the invalidation log tells whether the tag was invalidated meanwhile.
 *
 * There is no lease here: tags must be safe without it, and a lease only takes runs away. The log, the nonce and the value may be evicted
 * at any moment, any number of times; after an eviction the ids of the log start again at 1, the worst a server's clock can do.
 */
import { letter, version, writerName } from './actors.ts';
import type { Model, Take } from './explore.ts';
import {
  append,
  encode,
  initial,
  type Loader,
  type Log,
  load,
  NOTHING,
  type Noted,
  newest,
  type State,
  type Writer,
  write,
} from './late-tags-state.ts';
import type { RuleOf } from './rules.ts';
import { ABSENT, readSteps } from './tag-read.ts';

export interface LateTagsBounds {
  readonly loaders: number;
  /** Each invalidates the tag, or another tag: that leaves an entry in the log which says nothing about this one. */
  readonly writers: number;
  /** Entries the log holds before the oldest is trimmed. */
  readonly logCap: number;
}

type Stage = 'note' | 'load' | 'sample' | 'read log' | 'fill' | 'nothing';

export class LateTags implements Model<State> {
  readonly initial: State;
  readonly #broken: RuleOf<'late-tags'> | undefined;
  readonly #logCap: number;
  readonly #plan: readonly Stage[];

  constructor({ loaders, writers, logCap }: LateTagsBounds, broken?: RuleOf<'late-tags'>) {
    this.initial = initial(loaders, writers);
    this.#broken = broken;
    this.#logCap = logCap;
    this.#plan = plan(broken);
  }

  encode(state: State): string {
    return encode(state, this.#broken !== 'append-sent-once' && this.#broken !== 'marker-sent-once');
  }

  steps(state: State, take: Take<State>): void {
    for (const [i, loader] of state.loaders.entries()) this.#loader(state, i, loader, take);
    for (const [i, writer] of state.writers.entries()) this.#writer(state, i, writer, take);
    readSteps(state, this.#isValid, take);
    if (state.value !== undefined) take('the value is evicted', { ...state, value: undefined });
    if (state.nonce !== ABSENT) take('the nonce is evicted', { ...state, nonce: ABSENT });
    if (state.log !== undefined) take('the log is evicted', { ...state, log: undefined });
  }

  #loader(state: State, i: number, me: Loader, take: Take<State>): void {
    const name = letter(i);
    const done = me.done + 1;
    switch (this.#plan[me.done] ?? 'nothing') {
      case 'note':
        return this.#note(state, i, me, take);
      case 'load':
        return take(
          `${name}: reads the source → ${version(state.source)}`,
          load(state, i, { done, version: state.source }),
        );
      case 'sample': {
        const label = `${name}: samples the nonce →`; // SET nonce <random> NX GET
        const nonce = 1 + i;
        if (state.nonce !== ABSENT)
          return take(`${label} n${state.nonce}`, load(state, i, { done, nonce: state.nonce }));
        if (this.#broken === 'absent-is-created') return take(`${label} absent`, load(state, i, { done }));
        return take(`${label} creates n${nonce}`, load({ ...state, nonce }, i, { done, nonce }));
      }
      case 'read log': {
        const refusal = this.#refusal(state.log, me.noted);
        const over = { done: this.#plan.length, noted: NOTHING, version: 0, nonce: ABSENT };
        if (refusal !== undefined) return take(`${name}: reads the log → ${refusal}: no fill`, load(state, i, over));
        return take(`${name}: reads the log → nothing of the tag`, load(state, i, { done, noted: NOTHING }));
      }
      case 'fill': {
        const value = { version: me.version, nonce: me.nonce };
        return take(
          `${name}: fills ${version(me.version)}`,
          load({ ...state, value }, i, { done, version: 0, nonce: ABSENT }),
        );
      }
      case 'nothing':
        return;
    }
  }

  #note(state: State, i: number, me: Loader, take: Take<State>): void {
    const name = letter(i);
    const done = me.done + 1;
    const { log } = state;
    if (me.isMarking) {
      const marked = append(log, { token: this.#marker(i), isTag: false }, this.#logCap);
      const after = load({ ...state, log: marked }, i, { done, isMarking: false, noted: newest(marked) });
      return take(`${name}: appends a marker to the log`, after);
    }
    if (log !== undefined)
      return take(`${name}: notes the newest entry of the log`, load(state, i, { done, noted: newest(log) }));
    if (this.#broken === 'marker-if-empty')
      return take(`${name}: notes that the log is empty`, load(state, i, { done }));
    take(`${name}: finds the log empty`, load(state, i, { isMarking: true }));
  }

  #refusal(log: Log | undefined, noted: Noted): string | undefined {
    if (this.#broken === 'log-read') return undefined;
    const index = log === undefined ? -1 : noted.id - log.first;
    const entry = log?.entries[index];
    const isPresent = this.#broken === 'matched-by-token' ? entry !== undefined : entry?.token === noted.token;
    const isEnough = isPresent || this.#broken === 'gone-is-refused' || noted.id === 0;
    if (!isEnough) return 'the noted entry is gone';
    const rest = log?.entries.slice(Math.max(index + 1, 0)) ?? [];
    return rest.some(({ isTag }) => isTag) ? 'the tag is in it' : undefined;
  }

  #writer(state: State, i: number, me: Writer, take: Take<State>): void {
    const name = writerName(i);
    this.#lateAppends(state, i, me, take);
    switch (me.next) {
      case 'call': {
        const noise = { token: this.#token(i, me), isTag: false };
        const other = write({ ...state, log: append(state.log, noise, this.#logCap) }, i, { next: 'nothing' });
        take(`${name}: another tag is invalidated`, other);
        const called = { ...state, source: state.source + 1 };
        const next = this.#broken === 'log-then-nonce' ? 'delete early' : 'append';
        return take(
          `${name}: commits ${version(called.source)}, calls invalidate`,
          write(called, i, { next, version: called.source }),
        );
      }
      case 'append':
        return this.#append(state, i, me, take);
      case 'unlink': {
        const isLast = this.#broken === 'log-then-nonce' || this.#broken === 'unlink-then-nonce';
        const unlinked = write({ ...state, log: undefined }, i, { next: isLast ? 'resolve' : 'delete' });
        return take(`${name}: unlinks the log`, unlinked);
      }
      case 'delete':
        return take(`${name}: deletes the nonce`, write({ ...state, nonce: ABSENT }, i, { next: 'resolve' }));
      case 'delete early': {
        const next = this.#broken === 'log-then-nonce' ? 'append' : 'unlink';
        return take(`${name}: deletes the nonce`, write({ ...state, nonce: ABSENT }, i, { next }));
      }
      case 'resolve': {
        const floor = Math.max(state.floor, me.version);
        return take(`${name}: invalidate resolves`, write({ ...state, floor }, i, { next: 'nothing' }));
      }
      case 'nothing':
        return;
    }
  }

  #append(state: State, i: number, me: Writer, take: Take<State>): void {
    const name = writerName(i);
    const log = append(state.log, { token: this.#token(i, me), isTag: true }, this.#logCap);
    const next = this.#broken === 'log-then-nonce' ? 'resolve' : 'delete';
    take(`${name}: appends to the log`, write({ ...state, log }, i, { next }));
    take(`${name}: append refused`, write(state, i, { next: AFTER_REFUSAL.get(this.#broken) ?? 'unlink' }));
    if (state.writers.some(({ first }) => first !== 'answered')) return; // one that gives up is enough
    const replay = this.#broken === 'unknown-is-replayed' ? 'delete' : 'append';
    take(`${name}: no answer to its append`, write(state, i, { next: replay, first: 'given up' }));
  }

  /** Appends that run after their time. */
  #lateAppends(state: State, i: number, me: Writer, take: Take<State>): void {
    const name = writerName(i);
    if (me.first === 'given up') {
      const log = append(state.log, { token: 1 + 2 * i, isTag: true }, this.#logCap);
      take(`${name}: the append it gave up runs late`, write({ ...state, log }, i, { first: 'ran late' }));
    }
    if (state.log !== undefined) return; // with a token used before, only the first entry of a new log can be taken for another
    if (this.#broken === 'append-sent-once' && me.version > 0 && me.next !== 'append') {
      const log = append(undefined, { token: this.#token(i, me), isTag: true }, this.#logCap);
      take(`${name}: its append is delivered again`, { ...state, log });
    }
    const marked = state.loaders.findIndex(({ noted }, loader) => noted.token === this.#marker(loader));
    if (this.#broken !== 'marker-sent-once' || marked < 0) return;
    const log = append(undefined, { token: this.#marker(marked), isTag: false }, this.#logCap);
    take(`${letter(marked)}: its marker is delivered again`, { ...state, log });
  }

  /** The token of an append: a new one once the first was given up. */
  #token(i: number, { first }: Writer): number {
    return 1 + 2 * i + (first === 'answered' ? 0 : 1);
  }

  #marker(i: number): number {
    return 1 + 2 * this.initial.writers.length + i;
  }

  readonly #isValid = (header: number, current: number): boolean => {
    if (this.#broken === 'compared-on-read') return true;
    return header === current && (current !== ABSENT || this.#broken === 'absent-is-created');
  };
}

function plan(broken: RuleOf<'late-tags'> | undefined): readonly Stage[] {
  if (broken === 'noted-before-load') return ['load', 'note', 'sample', 'read log', 'fill'];
  if (broken === 'nonces-then-log') return ['note', 'load', 'read log', 'sample', 'fill'];
  return ['note', 'load', 'sample', 'read log', 'fill'];
}

/** What follows an append that was refused (out of memory), where it is not unlinking the log. */
const AFTER_REFUSAL: ReadonlyMap<RuleOf<'late-tags'> | undefined, Writer['next']> = new Map([
  ['refused-unlinks', 'delete'],
  ['unlink-then-nonce', 'delete early'],
] as const);
