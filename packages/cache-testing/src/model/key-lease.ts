/**
 * The witness lease of one key: the steps lease, fill, renew, release, invalidate key and write of the protocol.
 *
 * Nothing is timed: a lease may expire, and a value or a lease be evicted, between any two steps, any number of times; a fill, a release
 * and an invalidation that has run may run again at any later moment. One read is one command, so the worst read begins and runs right
 * now: P1 is an invariant of the state.
 */
import { letter, type Promised, staleRead, version, writerName } from './actors.ts';
import type { Model, Take } from './explore.ts';
import {
  BACKOFF,
  encode,
  FIRST_TOKEN,
  initial,
  type Loader,
  load,
  NO_LEASE,
  ORPHAN,
  OUT,
  type State,
  store,
  type Writer,
  write,
} from './key-lease-state.ts';
import type { RuleOf } from './rules.ts';

export interface KeyLeaseBounds {
  readonly loaders: number;
  readonly writers: number;
  /** P1: with every fault. P3: nothing is evicted, and a loader that lives renews its lease in time. */
  readonly promise: Promised;
}

export class KeyLease implements Model<State> {
  readonly initial: State;
  readonly #broken: RuleOf<'key-lease'> | undefined;
  readonly #quiet: boolean;
  readonly #tokens: readonly number[];

  constructor({ loaders, writers, promise }: KeyLeaseBounds, broken?: RuleOf<'key-lease'>) {
    this.initial = initial(loaders, writers);
    this.#broken = broken;
    this.#quiet = promise === 'P3';
    const client = (i: number): number => (broken === 'token-per-load' ? Math.floor(i / 2) : i); // two loaders a client
    this.#tokens = this.initial.loaders.map((_, i) => FIRST_TOKEN + client(i));
  }

  encode(state: State): string {
    return encode(state, this.#tokens);
  }

  wrong({ value, replica, floor }: State): string | undefined {
    const found = this.#broken === 'reads-primaries' ? replica : value;
    return found === undefined || found.isWritten ? undefined : staleRead(found.version, floor);
  }

  stuck({ loaders }: State): string | undefined {
    return loaders.some(({ at }) => at === 'missed') ? 'a loader waits for ever' : undefined;
  }

  steps(state: State, take: Take<State>): void {
    for (const [i, loader] of state.loaders.entries()) this.#loader(state, i, loader, take);
    for (const [i, writer] of state.writers.entries()) this.#writer(state, i, writer, take);
    const isRenewed = state.loaders.some(({ at }, i) => state.lease === this.#tokens[i] && RENEWING.has(at));
    const mayExpire = !this.#quiet || (!isRenewed && this.#broken !== 'lease-has-ttl');
    if (state.lease !== NO_LEASE && mayExpire) take('the lease expires', { ...state, lease: NO_LEASE });
    if (state.value !== undefined && !this.#quiet) take('the value is evicted', store(state, undefined));
    if (this.#broken === 'reads-primaries') take('the replica catches up', { ...state, replica: state.value });
  }

  #loader(state: State, i: number, me: Loader, take: Take<State>): void {
    const name = letter(i);
    if (me.hasStray && state.lease === NO_LEASE) {
      take(
        `${name}: the lease command it gave up runs late`,
        load({ ...state, lease: ORPHAN }, i, { hasStray: false }),
      );
    }
    switch (me.at) {
      case 'idle':
        return this.#read(state, i, take);
      case 'missed':
        if (!me.hasStray && !this.#quiet) {
          take(`${name}: no answer to its lease command; draws a new token`, load(state, i, { hasStray: true }));
        }
        return this.#lease(state, i, me, take);
      case 'granted':
        take(
          `${name}: reads the source → ${version(state.source)}`,
          load(state, i, { at: 'loaded', version: state.source }),
        );
        take(`${name}: load fails`, load(state, i, { at: 'failed' }));
        take(`${name}: crashes`, load(state, i, OUT));
        return this.#lateCommands(state, i, take);
      case 'loaded':
        take(`${name}: crashes`, load(state, i, OUT));
        this.#lateCommands(state, i, take);
        return this.#fill(state, i, me, take);
      case 'filled':
        return this.#fill(state, i, me, take);
      case 'failed':
      case 'released': {
        const isMine = state.lease === this.#tokens[i] || this.#broken === 'release-compares';
        const released = load({ ...state, lease: isMine ? BACKOFF : state.lease }, i, { at: 'released' });
        const again = me.at === 'released' ? ' delivered again' : '';
        return take(`${name}: release${again} → ${isMine ? 'backoff' : 'not its lease'}`, released);
      }
      case 'out':
        return;
    }
  }

  #read(state: State, i: number, take: Take<State>): void {
    const label = `${letter(i)}: reads the store →`;
    if (state.value === undefined) return take(`${label} miss`, load(state, i, { at: 'missed' }));
    take(`${label} hit ${version(state.value.version)}`, load(state, i, OUT));
    take(`${label} rejects ${version(state.value.version)}`, load(state, i, { at: 'missed', rejects: true }));
  }

  #lease(state: State, i: number, me: Loader, take: Take<State>): void {
    const { value, lease } = state;
    const label = `${letter(i)}: lease →`;
    const isFilled = value !== undefined && !me.rejects;
    if (isFilled && this.#broken !== 'hit-before-lease')
      return take(`${label} HIT ${version(value.version)}`, load(state, i, OUT));
    if (lease !== NO_LEASE && this.#broken !== 'busy') return take(`${label} BUSY`, state, this.#waste(state, false));
    const granted = load({ ...state, lease: this.#tokens[i] ?? NO_LEASE }, i, { at: 'granted', rejects: false });
    take(`${label} granted`, granted, this.#waste(state, true, isFilled));
  }

  /** P3: what a grant or a BUSY wastes, when nothing was lost. A lease outlives its load only if the loader crashed. */
  #waste({ lease, loaders }: State, isGranted: boolean, isFilled = false): string | undefined {
    if (!this.#quiet) return undefined;
    const isOver = loaders.some(({ at }, i) => lease === this.#tokens[i] && (at === 'filled' || at === 'released'));
    if (!isGranted) return isOver ? 'a loader waits for a load that is over' : undefined;
    if (isFilled) return 'a loader loads what the store holds';
    return loaders.some(({ at }) => at === 'granted' || at === 'loaded') ? 'two loaders load at once' : undefined;
  }

  #fill(state: State, i: number, me: Loader, take: Take<State>): void {
    const label = `${letter(i)}: fill ${version(me.version)}${me.at === 'filled' ? ' delivered again' : ''} →`;
    const filled = load(state, i, { at: 'filled' });
    if (!this.#mayFill(state.lease, i)) return take(`${label} refused`, filled);
    const lease = this.#broken === 'fill-deletes-lease' ? state.lease : NO_LEASE;
    take(`${label} stored`, { ...store(filled, { version: me.version, isWritten: false }), lease });
  }

  #mayFill(lease: number, i: number): boolean {
    if (this.#broken === 'fill-compares') return true;
    if (this.#broken === 'fill-compares-token') return lease !== NO_LEASE;
    return lease === this.#tokens[i];
  }

  /** What brings a lost lease back. (A renewal that compares tokens has no step of its own: nothing is timed.) */
  #lateCommands(state: State, i: number, take: Take<State>): void {
    const again = { ...state, lease: this.#tokens[i] ?? NO_LEASE };
    if (this.#broken === 'renew-compares') take(`${letter(i)}: renews its lease`, again);
    if (this.#broken !== 'lease-sent-once' || state.lease !== NO_LEASE) return;
    take(`${letter(i)}: its lease command is delivered again`, again);
  }

  #writer(state: State, i: number, me: Writer, take: Take<State>): void {
    const name = writerName(i);
    const resolved = write({ ...state, floor: Math.max(state.floor, me.version) }, i, { at: 'invalidated' });
    switch (me.at) {
      case 'idle': {
        const called = { ...state, source: state.source + 1 };
        const commits = `${name}: commits ${version(called.source)}, calls`;
        take(`${commits} invalidate`, write(called, i, { at: 'invalidating', version: called.source }));
        return take(`${commits} write`, write(called, i, { at: 'writing', version: called.source }));
      }
      case 'invalidating':
        take(`${name}: crashes`, write(state, i, { at: 'out' }));
        return this.#invalidate(state, i, take);
      case 'halfway':
        if (this.#broken === 'invalidate-lease-first') {
          return take(`${name}: deletes the value`, write(store(state, undefined), i, { at: 'invalidated' }));
        }
        return take(`${name}: deletes the lease`, write({ ...state, lease: NO_LEASE }, i, { at: 'invalidated' }));
      case 'invalidated':
        take(`${name}: invalidate delivered again`, this.#destroyed(state));
        take(`${name}: crashes`, write(state, i, { at: 'out' }));
        return take(`${name}: invalidate resolves`, resolved);
      case 'writing': {
        const written = store(write(state, i, { at: 'written' }), { version: me.version, isWritten: true });
        const isLeft = this.#broken === 'write-deletes-lease';
        const label = `${name}: sets ${version(me.version)}, ${isLeft ? 'leaves' : 'deletes'} the lease`;
        return take(label, { ...written, lease: isLeft ? state.lease : NO_LEASE });
      }
      case 'written':
        return take(`${name}: write resolves`, write(resolved, i, { at: 'out' }));
      case 'out':
        return;
    }
  }

  #invalidate(state: State, i: number, take: Take<State>): void {
    const name = writerName(i);
    switch (this.#broken) {
      case 'invalidate-value-first':
        return take(`${name}: deletes the value`, write(store(state, undefined), i, { at: 'halfway' }));
      case 'invalidate-lease-first':
        return take(`${name}: deletes the lease`, write({ ...state, lease: NO_LEASE }, i, { at: 'halfway' }));
      case 'invalidate-deletes-lease':
        return take(`${name}: deletes the value`, write(this.#destroyed(state), i, { at: 'invalidated' }));
      case 'invalidate-deletes-value':
        return take(`${name}: deletes the lease`, write(this.#destroyed(state), i, { at: 'invalidated' }));
      default:
        return take(`${name}: deletes value and lease`, write(this.#destroyed(state), i, { at: 'invalidated' }));
    }
  }

  #destroyed(state: State): State {
    const after = this.#broken === 'invalidate-deletes-value' ? state : store(state, undefined);
    return this.#broken === 'invalidate-deletes-lease' ? after : { ...after, lease: NO_LEASE };
  }
}

const RENEWING: ReadonlySet<Loader['at']> = new Set(['granted', 'loaded', 'failed'] as const);
