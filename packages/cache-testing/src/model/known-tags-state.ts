import { changed } from './actors.ts';
import { interchangeable, pack, Renaming } from './encode.ts';
import { ABSENT, readCode, type Tagged } from './tag-read.ts';

export interface State extends Tagged {
  readonly source: number;
  readonly lease: Lease | undefined;
  readonly loaders: readonly Loader[];
  readonly writers: readonly Writer[];
}

/** A lease names the nonces its load sampled: so that a reader who holds others knows it for doomed. */
interface Lease {
  readonly loader: number;
  readonly nonce: number;
}

export interface Loader {
  readonly at: (typeof LOADER)[number];
  readonly nonce: number;
  readonly version: number;
  /** What became of its first nonce command: if given up, it may still run. */
  readonly first: (typeof FIRST)[number];
}

export interface Writer {
  readonly at: (typeof WRITER)[number];
  readonly version: number;
}

const LOADER = ['idle', 'sampled', 'granted', 'loaded', 'checked', 'out'] as const;
const WRITER = ['idle', 'invalidating tag', 'invalidating key', 'invalidated', 'out'] as const;
const FIRST = ['answered', 'given up', 'ran late'] as const;

const IDLE: Loader = { at: 'idle', nonce: ABSENT, version: 0, first: 'answered' };
export const OUT: Partial<Loader> = { at: 'out', nonce: ABSENT, version: 0 };

export function initial(loaders: number, writers: number): State {
  return {
    source: 0,
    floor: 0,
    value: undefined,
    lease: undefined,
    nonce: ABSENT,
    loaders: Array.from({ length: loaders }, () => IDLE),
    writers: Array.from({ length: writers }, () => ({ at: 'idle', version: 0 })),
    read: undefined,
  };
}

export function load(state: State, i: number, change: Partial<Loader>): State {
  return { ...state, loaders: changed(state.loaders, i, change) };
}

export function write(state: State, i: number, change: Partial<Writer>): State {
  return { ...state, writers: changed(state.writers, i, change) };
}

/** `isSymmetric`: all loaders are alike, and every nonce drawn is new. */
export function encode(state: State, isSymmetric: boolean): string {
  const { source, floor, value, lease, nonce, loaders, writers, read } = state;
  const nonces = [nonce, value?.nonce ?? ABSENT, lease?.nonce ?? ABSENT, read?.nonce ?? ABSENT];
  const loads = loaders.map((loader, i) => loadCode(loader, lease?.loader === i, nonces));
  const fields = [
    source,
    floor,
    value === undefined ? 0 : 1 + value.version,
    lease === undefined ? 0 : 1,
    readCode(read),
  ];
  const names = new Renaming();
  for (const nonce of nonces) fields.push(isSymmetric ? names.of(nonce) : nonce);
  for (const load of isSymmetric ? interchangeable(loads) : loads) {
    fields.push(load >> 8, isSymmetric ? names.of(load & 15) : load & 15);
  }
  const writes = writers.map(({ at, version }) => WRITER.indexOf(at) * 4 + version);
  return pack([...fields, ...interchangeable(writes)]);
}

function loadCode(loader: Loader, holdsLease: boolean, nonces: readonly number[]): number {
  // A load whose lease is gone can store nothing any more: whatever it still does, the store stays as it is.
  const isVain = !holdsLease && loader.at !== 'idle' && loader.at !== 'sampled';
  const { at, version, nonce } = isVain ? { ...loader, ...OUT } : loader;
  const code = ((LOADER.indexOf(at) * 4 + version) * 3 + FIRST.indexOf(loader.first)) * 2 + Number(holdsLease);
  return (code * 16 + nonces.indexOf(nonce) + 1) * 16 + nonce; // the nonce itself comes last: it only breaks ties
}
