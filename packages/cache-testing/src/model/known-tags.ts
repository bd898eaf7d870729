/**
 * One entry with one tag that is known before the load (its type, say): the nonce of the tag is sampled before the source is read, stored
 * with the value and compared on every read. Beside it the lease, which a reader with another nonce takes over.
 *
 * The lease grants over any value: whatever a reader may reject is rejected in some run. Delivered again, an invalidation does here what
 * eviction does anyway, and a fill finds no lease: so neither has a step of its own.
 */
import { letter, type Promised, version, writerName } from './actors.ts';
import type { Model, Take } from './explore.ts';
import { encode, initial, type Loader, load, OUT, type State, type Writer, write } from './known-tags-state.ts';
import type { RuleOf } from './rules.ts';
import { ABSENT, readSteps } from './tag-read.ts';

export interface KnownTagsBounds {
  readonly loaders: number;
  readonly writers: number;
  /** P1: with every fault. P3: nothing is evicted, and a loader that lives renews its lease in time. */
  readonly promise: Promised;
}

export class KnownTags implements Model<State> {
  readonly initial: State;
  readonly #broken: RuleOf<'known-tags'> | undefined;
  readonly #quiet: boolean;
  readonly #isSymmetric: boolean;

  constructor({ loaders, writers, promise }: KnownTagsBounds, broken?: RuleOf<'known-tags'>) {
    this.initial = initial(loaders, writers);
    this.#broken = broken;
    this.#quiet = promise === 'P3';
    this.#isSymmetric = !REUSES_NONCES.has(broken);
  }

  encode(state: State): string {
    return encode(state, this.#isSymmetric);
  }

  steps(state: State, take: Take<State>): void {
    for (const [i, loader] of state.loaders.entries()) this.#loader(state, i, loader, take);
    for (const [i, writer] of state.writers.entries()) this.#writer(state, i, writer, take);
    readSteps(state, this.#isValid, take);
    if (this.#quiet) return;
    if (state.value !== undefined) take('the value is evicted', { ...state, value: undefined });
    if (state.lease !== undefined) take('the lease expires', { ...state, lease: undefined });
    if (state.nonce !== ABSENT) take('the nonce is evicted', { ...state, nonce: ABSENT });
  }

  #loader(state: State, i: number, me: Loader, take: Take<State>): void {
    const name = letter(i);
    if (state.nonce === ABSENT) this.#lateCommands(state, i, me, take);
    switch (me.at) {
      case 'idle':
        if (this.#broken !== 'sampled-before-load') return this.#sample(state, i, me, 'sampled', take);
        return take(`${name}: starts without a nonce`, load(state, i, { at: 'sampled' }));
      case 'sampled':
        return this.#lease(state, i, me, take);
      case 'granted':
        take(`${name}: crashes`, load(state, i, OUT));
        return take(
          `${name}: reads the source → ${version(state.source)}`,
          load(state, i, { at: 'loaded', version: state.source }),
        );
      case 'loaded': {
        if (this.#broken === 'sampled-before-load') return this.#sample(state, i, me, 'checked', take);
        const passes = this.#isValid(me.nonce, state.nonce) || this.#broken === 'fill-checks-nonces';
        if (!passes) return take(`${name}: checks the nonce → changed, gives up the fill`, load(state, i, OUT));
        return take(`${name}: checks the nonce → unchanged`, load(state, i, { at: 'checked' }));
      }
      case 'checked': {
        const filled = load(state, i, OUT);
        if (state.lease?.loader !== i) return take(`${name}: fill ${version(me.version)} → refused`, filled);
        const value = { version: me.version, nonce: me.nonce };
        return take(`${name}: fill ${version(me.version)} → stored`, { ...filled, value, lease: undefined });
      }
      case 'out':
        return;
    }
  }

  /** `SET nonce <random> NX GET`. */
  #sample(state: State, i: number, me: Loader, at: Loader['at'], take: Take<State>): void {
    const label = `${letter(i)}: samples the nonce →`;
    if (this.#broken === 'no-clocks') {
      const now = 2 * state.source + 1 + (i === 0 ? 2 : 0);
      return take(`${letter(i)}: looks at its clock → ${now}`, load(state, i, { at, nonce: now }));
    }
    const mayGiveUp = !this.#quiet && state.loaders.every(({ first }) => first === 'answered'); // one that does is enough
    if (mayGiveUp)
      take(`${letter(i)}: no answer to its nonce command; draws a new nonce`, load(state, i, { first: 'given up' }));
    if (state.nonce !== ABSENT) return take(`${label} n${state.nonce}`, load(state, i, { at, nonce: state.nonce }));
    if (this.#broken === 'absent-is-created') return take(`${label} absent`, load(state, i, { at }));
    const nonce = this.#drawn(i, me.first === 'answered' ? 0 : 1);
    take(`${label} creates n${nonce}`, load({ ...state, nonce }, i, { at, nonce }));
  }

  /** The nonce a loader draws for its first or second command. */
  #drawn(i: number, attempt: 0 | 1): number {
    if (this.#broken === 'nonce-random') return 1;
    if (this.#broken === 'nonce-per-command') return 1 + Math.floor(i / 2); // one nonce a process, two loaders a process
    return 1 + i + attempt * this.initial.loaders.length;
  }

  /** Nonce commands that run after their time, while there is no nonce. */
  #lateCommands(state: State, i: number, me: Loader, take: Take<State>): void {
    const name = letter(i);
    const nonce = this.#drawn(i, 0);
    if (me.first === 'given up') {
      take(`${name}: the nonce command it gave up runs late`, load({ ...state, nonce }, i, { first: 'ran late' }));
    }
    if (this.#broken !== 'nonce-sent-once' || me.nonce !== nonce) return;
    take(`${name}: its nonce command is delivered again → creates n${nonce}`, { ...state, nonce });
  }

  /** Random nonces have no order: "holds other nonces" is all that can be known, and one who holds older ones may take over as well. */
  #lease(state: State, i: number, me: Loader, take: Take<State>): void {
    const { lease, nonce } = state;
    const label = `${letter(i)}: lease →`;
    const granted = load({ ...state, lease: { loader: i, nonce: me.nonce } }, i, { at: 'granted' });
    if (lease === undefined) return take(`${label} granted`, granted);
    if (lease.nonce !== me.nonce && this.#broken !== 'doomed-lease-taken-over')
      return take(`${label} taken over`, granted);
    const isInVain = this.#quiet && me.nonce === nonce && lease.nonce !== nonce;
    take(`${label} BUSY`, state, isInVain ? 'a loader waits for a load that can no longer be stored' : undefined);
  }

  #writer(state: State, i: number, me: Writer, take: Take<State>): void {
    const name = writerName(i);
    switch (me.at) {
      case 'idle': {
        const called = { ...state, source: state.source + 1 };
        const commits = `${name}: commits ${version(called.source)}, calls invalidate`;
        take(`${commits} (tag)`, write(called, i, { at: 'invalidating tag', version: called.source }));
        return take(`${commits} (key)`, write(called, i, { at: 'invalidating key', version: called.source }));
      }
      case 'invalidating tag': {
        take(`${name}: crashes`, write(state, i, { at: 'out', version: 0 }));
        const invalidated = write(state, i, { at: 'invalidated' });
        const [does, nonce] = this.#tagCommand(state.nonce, 2 * me.version);
        return take(`${name}: ${does}`, { ...invalidated, nonce });
      }
      case 'invalidating key': {
        const invalidated = write(state, i, { at: 'invalidated' });
        return take(`${name}: deletes value and lease`, { ...invalidated, value: undefined, lease: undefined });
      }
      case 'invalidated': {
        const floor = Math.max(state.floor, me.version);
        return take(`${name}: invalidate resolves`, write({ ...state, floor }, i, { at: 'out', version: 0 }));
      }
      case 'out':
        return;
    }
  }

  #tagCommand(nonce: number, now: number): [does: string, after: number] {
    if (this.#broken === 'nonce-random') return ['counts the nonce up', nonce + 1];
    if (this.#broken === 'no-clocks') return [`looks at its clock, sets the tag to ${now}`, now];
    return ['deletes the nonce', ABSENT];
  }

  readonly #isValid = (header: number, current: number): boolean => {
    if (this.#broken === 'compared-on-read') return true;
    if (this.#broken === 'no-clocks') return header > current;
    if (this.#broken === 'absent-is-miss' && current === ABSENT) return true;
    return header === current && (current !== ABSENT || this.#broken === 'absent-is-created');
  };
}

const REUSES_NONCES: ReadonlySet<RuleOf<'known-tags'> | undefined> = new Set([
  'nonce-random',
  'nonce-sent-once',
  'nonce-per-command',
  'no-clocks',
] as const);
