import { changed } from './actors.ts';
import { interchangeable, pack } from './encode.ts';

export interface State {
  readonly source: number;
  /** The newest version whose invalidation has completed: no later read may return an older one. */
  readonly floor: number;
  readonly value: Entry | undefined;
  /** What a replica holds. Only a mutant reads it. */
  readonly replica: Entry | undefined;
  readonly lease: number;
  readonly loaders: readonly Loader[];
  readonly writers: readonly Writer[];
}

interface Entry {
  readonly version: number;
  /** A writer's own value, which P1 does not cover: last arrival wins. */
  readonly isWritten: boolean;
}

export interface Loader {
  readonly at: (typeof LOADER)[number];
  /** It has read the entry the store holds now, and will not serve it: broken, or about to expire. */
  readonly rejects: boolean;
  readonly version: number;
  /** A lease command it gave up may still run. */
  readonly hasStray: boolean;
}

export interface Writer {
  readonly at: (typeof WRITER)[number];
  readonly version: number;
}

const LOADER = ['idle', 'missed', 'granted', 'loaded', 'filled', 'failed', 'released', 'out'] as const;
const WRITER = ['idle', 'invalidating', 'halfway', 'invalidated', 'writing', 'written', 'out'] as const;

// What a lease key holds: nothing, the mark of a failed load, or a token.
export const NO_LEASE = 0;
export const BACKOFF = 1;
/** A token no load holds: drawn for a command that was given up. */
export const ORPHAN = 2;
export const FIRST_TOKEN = 3;

const IDLE: Loader = { at: 'idle', rejects: false, version: 0, hasStray: false };
export const OUT: Partial<Loader> = { at: 'out', rejects: false, version: 0 };

export function initial(loaders: number, writers: number): State {
  return {
    source: 0,
    floor: 0,
    value: undefined,
    replica: undefined,
    lease: NO_LEASE,
    loaders: Array.from({ length: loaders }, () => IDLE),
    writers: Array.from({ length: writers }, () => ({ at: 'idle', version: 0 })),
  };
}

export function load(state: State, i: number, change: Partial<Loader>): State {
  return { ...state, loaders: changed(state.loaders, i, change) };
}

export function write(state: State, i: number, change: Partial<Writer>): State {
  return { ...state, writers: changed(state.writers, i, change) };
}

/** Another value, or none. Who had rejected the former entry has not read this one. */
export function store(state: State, value: Entry | undefined): State {
  const forget = (loader: Loader): Loader => (loader.rejects ? { ...loader, rejects: false } : loader);
  return { ...state, value, loaders: state.loaders.map(forget) };
}

export function encode(state: State, tokens: readonly number[]): string {
  const { source, floor, value, replica, lease, loaders, writers } = state;
  const loads = loaders.map(({ at, version, rejects, hasStray }, i) => {
    const marks = Number(rejects) * 4 + Number(hasStray) * 2 + Number(lease === tokens[i]);
    return (LOADER.indexOf(at) * 4 + version) * 8 + marks;
  });
  const isSymmetric = new Set(tokens).size === tokens.length; // loaders that share a token are not like those that do not
  const writes = writers.map(({ at, version }) => WRITER.indexOf(at) * 4 + version);
  const fields = [source, floor, entryCode(value), entryCode(replica), Math.min(lease, FIRST_TOKEN)];
  return pack([...fields, ...(isSymmetric ? interchangeable(loads) : loads), ...interchangeable(writes)]);
}

function entryCode(entry: Entry | undefined): number {
  return entry === undefined ? 0 : 1 + entry.version * 2 + Number(entry.isWritten);
}
