/**
 * Flights in two processes: who owns one, who may join it, when its value may be shared.
 *
 * Each reader and each writer lives in one of the processes; flight A is the one reader A leads. The entry has a tag known before the load.
 * Any command may get no answer: a store that is gone for one flight need not be gone for the next. Values, leases and nonces may go at
 * any moment; so taking a doomed lease over needs no step of its own.
 */
import { letter, staleRead, version } from './actors.ts';
import type { Model, Take } from './explore.ts';
import {
  DONE,
  encode,
  type Flight,
  fly,
  IDLE,
  initial,
  MISSED,
  NO_LEASE,
  OVER,
  type Reader,
  read,
  run,
  type State,
} from './joiners-state.ts';
import { writerSteps } from './joiners-writers.ts';
import type { RuleOf } from './rules.ts';
import { ABSENT } from './tag-read.ts';

export interface JoinersBounds {
  /** The process of each reader. */
  readonly readers: readonly (0 | 1)[];
  /** The process of each writer. */
  readonly writers: readonly (0 | 1)[];
  /** An entry is stored and valid when the run begins. */
  readonly isWarm: boolean;
}

export class Joiners implements Model<State> {
  readonly initial: State;
  readonly #broken: RuleOf<'joiners'> | undefined;

  constructor({ readers, writers, isWarm }: JoinersBounds, broken?: RuleOf<'joiners'>) {
    this.initial = initial(readers, writers, isWarm);
    this.#broken = broken;
  }

  encode(state: State): string {
    return encode(state);
  }

  stuck({ readers }: State): string | undefined {
    return readers.some(({ at }) => at !== 'done') ? 'a reader waits for ever' : undefined;
  }

  steps(state: State, take: Take<State>): void {
    for (const [i, reader] of state.readers.entries()) this.#reader(state, i, reader, take);
    for (const [i, flight] of state.flights.entries()) this.#flight(state, i, flight, take);
    for (const [i, writer] of state.writers.entries()) writerSteps(state, i, writer, this.#broken, take);
    if (state.value !== undefined) take('the value is evicted', { ...state, value: undefined });
    if (state.lease !== NO_LEASE) take('the lease expires', { ...state, lease: NO_LEASE });
    if (state.nonce !== ABSENT) take('the nonce is evicted', { ...state, nonce: ABSENT });
  }

  #reader(state: State, i: number, me: Reader, take: Take<State>): void {
    const name = letter(i);
    switch (me.at) {
      case 'idle':
        return this.#begin(state, i, me, take);
      case 'reading': {
        if (me.hit === undefined) return take(`${name}: gets the answer: miss`, read(state, i, { at: 'missed' }));
        return take(
          `${name}: gets the answer: hit ${version(me.hit)}`,
          read(state, i, DONE),
          staleRead(me.hit, me.floor),
        );
      }
      case 'missed':
        return this.#join(state, i, me, take);
      case 'leads':
      case 'owns':
      case 'joined':
      case 'done':
        return;
    }
  }

  #begin(state: State, i: number, me: Reader, take: Take<State>): void {
    const { value, nonce, processes, readers } = state;
    const label = `${letter(i)}: begins,`;
    const process = processes[me.process];
    const floor = Math.max(state.floor, process?.floor ?? 0);
    const missed = { ...MISSED, floor };
    if (process?.distrusts && this.#broken !== 'unapplied-distrusted') {
      return take(`${label} does not trust the store`, read(state, i, missed));
    }
    const hit = value !== undefined && nonce !== ABSENT && value.nonce === nonce ? value.version : undefined;
    const found = hit === undefined ? 'miss' : `hit ${version(hit)}`;
    if (this.#broken === 'read-not-joined') {
      take(`${label} the store runs its read → ${found}`, read(state, i, { at: 'reading', floor, hit, nonce }));
      const earlier = readers.find(({ at, process }) => at === 'reading' && process === me.process);
      if (earlier !== undefined) take(`${label} joins a read already sent`, read(state, i, { ...earlier, floor }));
      return;
    }
    // What the answer says is settled when the store runs the read. That it travels matters only to others who might use it.
    if (hit === undefined) take(`${label} reads the store → miss`, read(state, i, { ...missed, nonce }));
    else take(`${label} reads the store → ${found}`, read(state, i, DONE), staleRead(hit, floor));
    take(`${label} no answer from the store`, read(state, i, missed));
  }

  /** Owns a flight whose loader was not called yet, joins one that loads, or leads a new one. */
  #join(state: State, i: number, me: Reader, take: Take<State>): void {
    const name = letter(i);
    const id = state.processes[me.process]?.flight;
    const flight = id === undefined ? undefined : state.flights[id];
    if (id === undefined || flight === undefined || (flight.isOlder && this.#broken !== 'older-not-joined')) {
      const open = run(fly(state, i, { ...OVER, stage: 'open', nonce: me.nonce }), me.process, { flight: i });
      return take(`${name}: leads a flight`, read(open, i, { at: 'leads', nonce: ABSENT, flight: i }));
    }
    if (flight.stage === 'open' || flight.stage === 'granted') {
      return take(`${name}: owns flight ${letter(id)}`, read(state, i, { at: 'owns', nonce: ABSENT, flight: id }));
    }
    const joins = `${name}: joins flight ${letter(id)}`;
    if (this.#broken === 'verdict-awaited') {
      return take(
        `${joins}, gets ${version(flight.version)}`,
        read(state, i, DONE),
        staleRead(flight.version, me.floor),
      );
    }
    // A flight without a lease gets no verdict: whoever comes while it loads waits, and leads or owns the next.
    if (!flight.hasLease && this.#broken !== 'no-verdict-starts-over') return;
    take(joins, read(state, i, { at: 'joined', nonce: ABSENT, flight: id }));
  }

  #flight(state: State, i: number, me: Flight, take: Take<State>): void {
    const name = `flight ${letter(i)}:`;
    switch (me.stage) {
      case 'open':
        this.#load(state, i, false, take);
        if (state.processes[me.process]?.distrusts) return;
        return this.#lease(state, i, me, take);
      case 'granted':
        return this.#load(state, i, true, take);
      case 'loading': {
        if (!me.hasLease) return this.#end(state, i, 'ends', 'no verdict', take);
        const closed = this.#broken === 'closes-with-checks' ? state : close(state, i);
        return take(`${name} sends its checks`, fly(closed, i, { stage: 'checking' }));
      }
      case 'checking': {
        const passes = state.nonce === me.nonce || this.#broken === 'fill-checks-nonces';
        if (passes) take(`${name} checks → nonce unchanged`, fly(state, i, { stage: 'checked' }));
        else this.#end(state, i, 'checks → nonce changed', 'refused', take);
        return this.#end(state, i, 'no answer to its checks', 'no verdict', take);
      }
      case 'checked':
      case 'given up':
        return this.#fill(state, i, me, take);
      case 'none':
      case 'over':
        return;
    }
  }

  #lease(state: State, i: number, me: Flight, take: Take<State>): void {
    const name = `flight ${letter(i)}:`;
    const { value, lease, readers } = state;
    if (me.nonce === ABSENT) {
      const nonce = state.nonce === ABSENT ? 1 + i : state.nonce;
      return take(`${name} samples the nonce → n${nonce}`, fly({ ...state, nonce }, i, { nonce }));
    }
    if (value !== undefined && value.nonce === me.nonce) {
      // The leader began before it sampled the nonce that makes this a HIT. Other owners may have begun later: they start over.
      const isShared = this.#broken === 'hit-for-leader';
      const shares = ({ flight, at }: Reader): boolean =>
        flight === i && (at === 'leads' || (at === 'owns' && isShared));
      const stale = readers.filter(shares).map(({ floor }) => staleRead(value.version, floor));
      const served = readers.map((reader) => (shares(reader) ? { ...reader, ...DONE } : reader));
      const after = served.map((reader) =>
        reader.flight === i && reader.at === 'owns' ? { ...reader, ...IDLE } : reader,
      );
      const over = fly(close({ ...state, readers: after }, i), i, OVER);
      return take(`${name} lease → HIT ${version(value.version)}`, over, stale.find(isString));
    }
    if (lease !== NO_LEASE) return; // BUSY
    take(`${name} lease → granted`, fly({ ...state, lease: 1 + i }, i, { stage: 'granted', hasLease: true }));
  }

  /** The loader is called. All who came before own the flight, and get the value whatever becomes of the fill. */
  #load(state: State, i: number, hasLease: boolean, take: Take<State>): void {
    const { source, readers } = state;
    const isOwner = ({ flight, at }: Reader): boolean => flight === i && (at === 'leads' || at === 'owns');
    const stale = readers.filter(isOwner).map(({ floor }) => staleRead(source, floor));
    const after = { ...state, readers: readers.map((reader) => (isOwner(reader) ? { ...reader, ...DONE } : reader)) };
    const label = `flight ${letter(i)}: loads ${hasLease ? '' : 'without a lease '}→ ${version(source)}`;
    take(label, fly(after, i, { stage: 'loading', version: source, hasLease }), stale.find(isString));
  }

  #fill(state: State, i: number, me: Flight, take: Take<State>): void {
    const isMine = state.lease === 1 + i;
    const value = { version: me.version, nonce: me.nonce };
    const after = isMine ? { ...state, lease: NO_LEASE, value } : state;
    const verdict = isMine ? 'stored' : 'refused';
    if (me.stage === 'given up')
      return take(`flight ${letter(i)}: its fill runs late → ${verdict}`, fly(after, i, OVER));
    this.#end(after, i, `fill ${version(me.version)} → ${verdict}`, verdict, take);
    this.#end(state, i, 'no answer to its fill', 'no verdict', take, { ...me, stage: 'given up' });
  }

  #end(
    state: State,
    i: number,
    what: string,
    verdict: Verdict,
    take: Take<State>,
    after: Partial<Flight> = OVER,
  ): void {
    const found = state.flights[i]?.version ?? 0;
    const isShared = verdict === 'stored' || (verdict === 'no verdict' && this.#broken === 'no-verdict-starts-over');
    const isJoiner = ({ flight, at }: Reader): boolean => flight === i && at === 'joined';
    const stale = isShared ? state.readers.filter(isJoiner).map(({ floor }) => staleRead(found, floor)) : [];
    const fate = isShared ? DONE : IDLE;
    const readers = state.readers.map((reader) => (isJoiner(reader) ? { ...reader, ...fate } : reader));
    take(`flight ${letter(i)}: ${what}`, fly(close({ ...state, readers }, i), i, after), stale.find(isString));
  }
}

type Verdict = 'stored' | 'refused' | 'no verdict';

const isString = (wrong: string | undefined): boolean => wrong !== undefined;

/** From now on nobody joins this flight. */
function close(state: State, i: number): State {
  const process = state.flights[i]?.process ?? 0;
  return state.processes[process]?.flight === i ? run(state, process, { flight: undefined }) : state;
}
