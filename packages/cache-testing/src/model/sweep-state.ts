import { changed } from './actors.ts';
import { interchangeable, pack } from './encode.ts';

export interface State {
  readonly source: number;
  readonly keys: readonly Key[];
  readonly slot: Slot;
  readonly loaders: readonly Loader[];
  readonly writers: readonly Writer[];
  readonly sweep: Sweep;
}

/** A key of the store, by its number. */
export type KeyId = 0 | 1;

export interface Key {
  readonly value: Kept | undefined;
  readonly lease: Kept | undefined;
  /** The newest version whose invalidation has completed: no later read may return an older one. */
  readonly floor: number;
}

/** The version of a value or the holder of a lease, and the primary that has it. */
interface Kept {
  readonly what: number;
  readonly on: number;
}

/** Where the slot of k1 is: on P1, moving to P0 (where its new keys go already), on P0; and, later, all the way back. */
const SLOT = ['on P1', 'to P0', 'on P0', 'to P1', 'on P1 again'] as const;
export type Slot = (typeof SLOT)[number];

export interface Loader {
  readonly key: KeyId;
  readonly at: (typeof LOADER)[number];
  readonly version: number;
}

export interface Writer {
  readonly at: (typeof WRITER)[number];
  readonly version: number;
}

export interface Sweep {
  readonly at: (typeof SWEEP)[number];
  readonly version: number;
  /** Where the slot of k1 was when the sweep began. */
  readonly topology: Slot;
  /** How far it is with each of `VISITS`: NOT_YET, SEEN or OVER. */
  readonly visits: readonly number[];
}

const LOADER = ['idle', 'granted', 'loaded', 'out'] as const;
const WRITER = ['idle', 'called', 'deleted', 'out'] as const;
const SWEEP = ['idle', 'starting', 'scanning', 'checked', 'out'] as const;

/** A sweep passes twice, and each time visits a primary, and a key that may be there. */
export const VISITS = [
  { pass: 0, on: 0, key: 0 },
  { pass: 0, on: 0, key: 1 },
  { pass: 0, on: 1, key: 1 },
  { pass: 1, on: 0, key: 0 },
  { pass: 1, on: 0, key: 1 },
  { pass: 1, on: 1, key: 1 },
] as const;
export const NOT_YET = 0;
export const SEEN = 1; // by SCAN; its UNLINK is not answered
export const OVER = 2;
export const NO_VISITS: readonly number[] = VISITS.map(() => NOT_YET);

export function initial(loaders: readonly KeyId[], keyWriters: number): State {
  const key: Key = { value: undefined, lease: undefined, floor: 0 };
  return {
    source: 0,
    keys: [key, key],
    slot: 'on P1',
    loaders: loaders.map((key) => ({ key, at: 'idle', version: 0 })),
    writers: Array.from({ length: keyWriters }, () => ({ at: 'idle', version: 0 })),
    sweep: { at: 'idle', version: 0, topology: 'on P1', visits: NO_VISITS },
  };
}

export function load(state: State, i: number, change: Partial<Loader>): State {
  return { ...state, loaders: changed(state.loaders, i, change) };
}

export function write(state: State, i: number, change: Partial<Writer>): State {
  return { ...state, writers: changed(state.writers, i, change) };
}

export function sweep(state: State, change: Partial<Sweep>): State {
  return { ...state, sweep: { ...state.sweep, ...change } };
}

export function keep(state: State, key: number, change: Partial<Key>): State {
  return { ...state, keys: changed(state.keys, key, change) };
}

export const isMoving = (slot: Slot): boolean => slot === 'to P0' || slot === 'to P1';
export const isMoved = (slot: Slot): boolean => slot === 'on P0' || slot === 'to P1';
export const nextSlot = (slot: Slot): Slot | undefined => SLOT[SLOT.indexOf(slot) + 1];
/** Where new keys of the slot go. */
export const home = (slot: Slot): 0 | 1 => (slot === 'to P0' || slot === 'on P0' ? 0 : 1);

/** The primary that runs a script on this key: none while value and lease are apart (TRYAGAIN). */
export function primaryOf({ keys, slot }: State, key: number): number | undefined {
  if (key === 0) return 0;
  const { value, lease } = keys[key] ?? {};
  if (value !== undefined && lease !== undefined && value.on !== lease.on) return undefined;
  return value?.on ?? lease?.on ?? home(slot);
}

export function encode({ source, keys, slot, loaders, writers, sweep }: State): string {
  const fields = [source, SLOT.indexOf(slot), SWEEP.indexOf(sweep.at), sweep.version, SLOT.indexOf(sweep.topology)];
  fields.push(...sweep.visits);
  for (const { value, lease, floor } of keys) {
    fields.push(value === undefined ? 0 : 1 + value.what * 2 + value.on, lease === undefined ? 0 : 1 + lease.on, floor);
  }
  const loads = loaders.map(({ key, at, version }, i) => {
    return ((key * 4 + LOADER.indexOf(at)) * 4 + version) * 2 + Number(keys[key]?.lease?.what === i);
  });
  const writes = writers.map(({ at, version }) => WRITER.indexOf(at) * 4 + version);
  return pack([...fields, ...interchangeable(loads), ...interchangeable(writes)]);
}
