/**
 * A sweep by pattern over two primaries: every lease first, then the values. Key k0 lives on primary P0. Key k1 lives on P1, and its slot
 * may move to P0 meanwhile and back, value and lease one after the other, as Redis moves them.
 *
 * SCAN returns what is there from its beginning to its end; what comes or goes meanwhile, it may miss. So it reaches each key at a moment
 * of its own, and the UNLINK of what it saw runs at another. Loads follow the witness lease; values and leases may go at any moment, which
 * is also what a second sweep would do.
 */
import { letter, staleRead, version, writerName } from './actors.ts';
import type { Model, Take } from './explore.ts';
import type { RuleOf } from './rules.ts';
import {
  encode,
  home,
  initial,
  isMoved,
  isMoving,
  type KeyId,
  keep,
  type Loader,
  load,
  NO_VISITS,
  NOT_YET,
  nextSlot,
  OVER,
  primaryOf,
  SEEN,
  type State,
  sweep,
  VISITS,
  type Writer,
  write,
} from './sweep-state.ts';

export interface SweepBounds {
  /** The key each loader loads. */
  readonly loaders: readonly KeyId[];
  /** Beside the one that sweeps: each invalidates k1. */
  readonly keyWriters: number;
}

export class Sweeping implements Model<State> {
  readonly initial: State;
  readonly #broken: RuleOf<'sweep'> | undefined;

  constructor({ loaders, keyWriters }: SweepBounds, broken?: RuleOf<'sweep'>) {
    this.initial = initial(loaders, keyWriters);
    this.#broken = broken;
  }

  encode(state: State): string {
    return encode(state);
  }

  wrong({ keys }: State): string | undefined {
    for (const { value, floor } of keys) {
      const stale = value === undefined ? undefined : staleRead(value.what, floor);
      if (stale !== undefined) return stale;
    }
    return undefined;
  }

  steps(state: State, take: Take<State>): void {
    for (const [i, loader] of state.loaders.entries()) this.#loader(state, i, loader, take);
    for (const [i, writer] of state.writers.entries()) this.#writer(state, i, writer, take);
    this.#sweep(state, take);
    this.#move(state, take);
    for (const [k, { value, lease }] of state.keys.entries()) {
      if (value !== undefined) take(`the value of k${k} is evicted`, keep(state, k, { value: undefined }));
      if (lease !== undefined) take(`the lease of k${k} expires`, keep(state, k, { lease: undefined }));
    }
  }

  #loader(state: State, i: number, me: Loader, take: Take<State>): void {
    const name = `${letter(i)} (k${me.key})`;
    const on = primaryOf(state, me.key);
    const lease = state.keys[me.key]?.lease;
    switch (me.at) {
      case 'idle':
        if (on === undefined || lease !== undefined) return;
        return take(
          `${name}: lease → granted`,
          keep(load(state, i, { at: 'granted' }), me.key, { lease: { what: i, on } }),
        );
      case 'granted':
        return take(
          `${name}: reads the source → ${version(state.source)}`,
          load(state, i, { at: 'loaded', version: state.source }),
        );
      case 'loaded': {
        if (on === undefined) return;
        const filled = load(state, i, { at: 'out', version: 0 });
        if (lease?.what !== i) return take(`${name}: fill ${version(me.version)} → refused`, filled);
        const stored = { value: { what: me.version, on }, lease: undefined };
        return take(`${name}: fill ${version(me.version)} → stored`, keep(filled, me.key, stored));
      }
      case 'out':
        return;
    }
  }

  /** Invalidates k1 by its key. */
  #writer(state: State, i: number, me: Writer, take: Take<State>): void {
    const name = writerName(i + 1);
    switch (me.at) {
      case 'idle': {
        const called = { ...state, source: state.source + 1 };
        const label = `${name}: commits ${version(called.source)}, calls invalidate (k1)`;
        return take(label, write(called, i, { at: 'called', version: called.source }));
      }
      case 'called': {
        if (primaryOf(state, 1) === undefined) return;
        const deleted = keep(state, 1, { value: undefined, lease: undefined });
        return take(`${name}: deletes value and lease of k1`, write(deleted, i, { at: 'deleted' }));
      }
      case 'deleted': {
        const floor = Math.max(state.keys[1]?.floor ?? 0, me.version);
        return take(`${name}: invalidate resolves`, write(keep(state, 1, { floor }), i, { at: 'out', version: 0 }));
      }
      case 'out':
        return;
    }
  }

  #sweep(state: State, take: Take<State>): void {
    switch (state.sweep.at) {
      case 'idle': {
        const called = { ...state, source: state.source + 1 };
        const label = `W1: commits ${version(called.source)}, calls invalidate (pattern)`;
        return take(label, sweep(called, { at: 'starting', version: called.source }));
      }
      case 'starting': {
        if (isMoving(state.slot) && this.#broken !== 'topology-starts-over') return; // it waits
        const skips = (on: number): boolean => this.#broken === 'every-primary' && on === 1;
        const visits = VISITS.map(({ on }) => (skips(on) ? OVER : NOT_YET));
        return take('W1: the sweep starts', sweep(state, { at: 'scanning', topology: state.slot, visits }));
      }
      case 'scanning':
        for (const [i, visit] of VISITS.entries()) this.#visit(state, i, visit, take);
        if (state.sweep.visits.some((progress) => progress !== OVER)) return;
        if (this.#isSameTopology(state))
          return take('W1: the sweep ends', sweep(state, { at: 'checked', visits: NO_VISITS }));
        return take('W1: the sweep starts over: a slot has moved', sweep(state, { at: 'starting', visits: NO_VISITS }));
      case 'checked': {
        const keys = state.keys.map((key) => ({ ...key, floor: Math.max(key.floor, state.sweep.version) }));
        return take('W1: invalidate resolves', sweep({ ...state, keys }, { at: 'out', version: 0, topology: 'on P1' }));
      }
      case 'out':
        return;
    }
  }

  #isSameTopology({ sweep: { topology }, slot }: State): boolean {
    if (this.#broken === 'topology-starts-over') return true;
    if (this.#broken === 'moving-starts-over') return isMoved(slot) === isMoved(topology);
    if (this.#broken === 'topology-by-epoch') return !isMoving(slot) && home(slot) === home(topology);
    return slot === topology;
  }

  #visit(state: State, i: number, { pass, on, key }: (typeof VISITS)[number], take: Take<State>): void {
    const kind = pass === (this.#broken === 'leases-first' ? 0 : 1) ? 'value' : 'lease';
    const isThere = state.keys[key]?.[kind]?.on === on;
    const what = `the ${kind} of k${key} on P${on}`;
    const visited = (progress: number): State => sweep(state, { visits: state.sweep.visits.with(i, progress) });
    switch (state.sweep.visits[i]) {
      case NOT_YET: {
        if (pass === 1 && !this.#maySecondPass(state, on)) return;
        const sees = isThere && !(this.#broken === 'leases-too' && kind === 'lease');
        return take(`W1: SCAN ${sees ? 'sees' : 'passes'} ${what}`, visited(sees ? SEEN : OVER));
      }
      case SEEN:
        take(`W1: unlinks ${what}`, isThere ? keep(visited(OVER), key, { [kind]: undefined }) : visited(OVER));
        if (this.#broken === 'lost-starts-over') return take(`W1: the UNLINK of ${what} is lost`, visited(OVER));
        return take(
          'W1: a connection is lost: the sweep starts over',
          sweep(state, { at: 'starting', visits: NO_VISITS }),
        );
    }
  }

  #maySecondPass({ sweep: { visits } }: State, primary: number): boolean {
    if (this.#broken === 'two-passes') return true;
    const enough = this.#broken === 'unlinks-answered' ? SEEN : OVER;
    return VISITS.every(({ pass, on }, i) => {
      const counts = pass === 0 && (on === primary || this.#broken !== 'leases-everywhere-first');
      return !counts || (visits[i] ?? NOT_YET) >= enough;
    });
  }

  /** The slot of k1 moves, key by key. */
  #move(state: State, take: Take<State>): void {
    const { value, lease } = state.keys[1] ?? {};
    const next = nextSlot(state.slot);
    const to = home(state.slot);
    if (next === undefined) return;
    if (!isMoving(state.slot)) return take(`the slot of k1 starts to move to P${home(next)}`, { ...state, slot: next });
    const isLeaseLeft = lease !== undefined && lease.on !== to;
    const isValueLeft = value !== undefined && value.on !== to;
    if (isLeaseLeft) take(`the lease of k1 moves to P${to}`, keep(state, 1, { lease: { ...lease, on: to } }));
    if (isValueLeft) take(`the value of k1 moves to P${to}`, keep(state, 1, { value: { ...value, on: to } }));
    if (!isLeaseLeft && !isValueLeft) take(`the slot of k1 has moved to P${to}`, { ...state, slot: next });
  }
}
