import { changed } from './actors.ts';
import { pack, Renaming } from './encode.ts';
import { ABSENT, type Entry } from './tag-read.ts';

export interface State {
  readonly source: number;
  readonly floor: number;
  readonly value: Entry | undefined;
  /** The flight whose token it holds, counted from 1. */
  readonly lease: number;
  readonly nonce: number;
  readonly processes: readonly Process[];
  readonly readers: readonly Reader[];
  /** One for each reader: the flight it leads. */
  readonly flights: readonly Flight[];
  readonly writers: readonly Writer[];
}

export interface Process {
  /** The flight a reader may join. */
  readonly flight: number | undefined;
  /** Set while an invalidation of its own is not applied: then it does not trust the store. */
  readonly distrusts: boolean;
  /** The newest version whose invalidation it called and saw resolve, though not as applied. */
  readonly floor: number;
}

export interface Reader {
  readonly process: number;
  readonly at: (typeof READER)[number];
  /** The newest version this read must not fall behind: what had been invalidated when it began. */
  readonly floor: number;
  /** What its read of the store found, while the answer travels. */
  readonly hit: number | undefined;
  readonly nonce: number;
  /** The flight it owns or has joined. */
  readonly flight: number;
}

export interface Flight {
  readonly process: number;
  readonly stage: (typeof FLIGHT)[number];
  readonly nonce: number;
  readonly version: number;
  readonly hasLease: boolean;
  /** Something was invalidated in this process since it began: its generation is over. */
  readonly isOlder: boolean;
}

export interface Writer {
  readonly process: number;
  readonly at: (typeof WRITER)[number];
  readonly target: 'tag' | 'key';
  readonly version: number;
}

const READER = ['idle', 'reading', 'missed', 'leads', 'owns', 'joined', 'done'] as const;
const FLIGHT = ['none', 'open', 'granted', 'loading', 'checking', 'checked', 'given up', 'over'] as const;
const WRITER = ['idle', 'called', 'ran', 'unapplied', 'out'] as const;
const CLOSED: ReadonlySet<Flight['stage']> = new Set(['checking', 'checked', 'given up'] as const);
export const NO_LEASE = 0;

const NOTHING = { floor: 0, hit: undefined, nonce: ABSENT, flight: 0 };
export const IDLE = { at: 'idle', ...NOTHING } as const;
export const MISSED = { at: 'missed', ...NOTHING } as const;
export const DONE = { at: 'done', ...NOTHING } as const;
export const OVER = { stage: 'over', nonce: ABSENT, version: 0, hasLease: false, isOlder: false } as const;

/** Warm: an entry is stored and valid when the run begins. */
export function initial(readers: readonly number[], writers: readonly number[], isWarm: boolean): State {
  const nonce = isWarm ? 1 + readers.length : ABSENT; // no reader draws this one
  const process: Process = { flight: undefined, distrusts: false, floor: 0 };
  return {
    source: 0,
    floor: 0,
    value: isWarm ? { version: 0, nonce } : undefined,
    lease: NO_LEASE,
    nonce,
    processes: [process, process],
    readers: readers.map((process) => ({ process, ...IDLE })),
    flights: readers.map((process) => ({ process, ...OVER, stage: 'none' })),
    writers: writers.map((process) => ({ process, at: 'idle', target: 'tag', version: 0 })),
  };
}

export function read(state: State, i: number, change: Partial<Reader>): State {
  return { ...state, readers: changed(state.readers, i, change) };
}

export function fly(state: State, i: number, change: Partial<Flight>): State {
  return { ...state, flights: changed(state.flights, i, change) };
}

export function write(state: State, i: number, change: Partial<Writer>): State {
  return { ...state, writers: changed(state.writers, i, change) };
}

export function run(state: State, process: number, change: Partial<Process>): State {
  return { ...state, processes: changed(state.processes, process, change) };
}

export function encode(state: State): string {
  const { source, floor, value, lease, nonce, processes, readers, flights, writers } = state;
  const names = new Renaming();
  const stored = value === undefined ? 0 : 1 + value.version;
  const fields = [source, floor, stored, names.of(value?.nonce ?? ABSENT), lease, names.of(nonce)];
  for (const { flight, distrusts, floor } of processes)
    fields.push(flight === undefined ? 0 : 1 + flight, Number(distrusts) * 4 + floor);
  for (const { at, floor, hit, nonce, flight } of readers) {
    fields.push(READER.indexOf(at) * 4 + floor, (hit === undefined ? 0 : 1 + hit) * 4 + flight, names.of(nonce));
  }
  for (const [i, flight] of flights.entries()) {
    // A closed flight whose lease is gone can store nothing, and if nobody waits for it, nothing hangs on it.
    const isVain = CLOSED.has(flight.stage) && lease !== 1 + i && !hasJoiners(state, i);
    const { stage, nonce, version, hasLease, isOlder } = isVain ? OVER : flight;
    fields.push(FLIGHT.indexOf(stage) * 4 + version, names.of(nonce), Number(hasLease) * 2 + Number(isOlder));
  }
  for (const { at, target, version } of writers)
    fields.push((WRITER.indexOf(at) * 4 + version) * 2 + Number(target === 'key'));
  return pack(fields);
}

function hasJoiners({ readers }: State, flight: number): boolean {
  return readers.some((reader) => reader.at === 'joined' && reader.flight === flight);
}
