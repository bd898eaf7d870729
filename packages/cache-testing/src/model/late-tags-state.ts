import { changed } from './actors.ts';
import { interchangeable, pack, Renaming } from './encode.ts';
import { ABSENT, readCode, type Tagged } from './tag-read.ts';

export interface State extends Tagged {
  readonly source: number;
  readonly log: Log | undefined;
  readonly loaders: readonly Loader[];
  readonly writers: readonly Writer[];
}

/** The stream: the id of its oldest entry, and the entries from there on. */
export interface Log {
  readonly first: number;
  readonly entries: readonly LogEntry[];
}

interface LogEntry {
  readonly token: number;
  /** The tag; otherwise a marker, or another tag. */
  readonly isTag: boolean;
}

/** A log entry as a loader remembers it. */
export interface Noted {
  readonly id: number;
  readonly token: number;
}

export interface Loader {
  /** How much of its plan is done. */
  readonly done: number;
  /** It found the log empty, and appends a marker. */
  readonly isMarking: boolean;
  readonly noted: Noted;
  readonly version: number;
  readonly nonce: number;
}

export interface Writer {
  readonly next: (typeof WRITER)[number];
  readonly version: number;
  /** What became of its first append: if given up, it may still run. */
  readonly first: (typeof FIRST)[number];
}

const WRITER = ['call', 'append', 'unlink', 'delete', 'delete early', 'resolve', 'nothing'] as const;
const FIRST = ['answered', 'given up', 'ran late'] as const;

export const NOTHING: Noted = { id: 0, token: 0 };
const IDLE: Loader = { done: 0, isMarking: false, noted: NOTHING, version: 0, nonce: ABSENT };

export function initial(loaders: number, writers: number): State {
  return {
    source: 0,
    floor: 0,
    value: undefined,
    nonce: ABSENT,
    log: undefined,
    loaders: Array.from({ length: loaders }, () => IDLE),
    writers: Array.from({ length: writers }, () => ({ next: 'call', version: 0, first: 'answered' })),
    read: undefined,
  };
}

export function load(state: State, i: number, change: Partial<Loader>): State {
  return { ...state, loaders: changed(state.loaders, i, change) };
}

export function write(state: State, i: number, change: Partial<Writer>): State {
  return { ...state, writers: changed(state.writers, i, change) };
}

/** `XADD log MAXLEN = <cap>`. A log that was gone starts again with the first id. */
export function append(log: Log | undefined, entry: LogEntry, cap: number): Log {
  const entries = [...(log?.entries ?? []), entry];
  const trimmed = Math.max(entries.length - cap, 0);
  return { first: (log?.first ?? 1) + trimmed, entries: entries.slice(trimmed) };
}

export function newest({ first, entries }: Log): Noted {
  return { id: first + entries.length - 1, token: entries.at(-1)?.token ?? 0 };
}

/** `isSymmetric`: every token drawn is new. */
export function encode(state: State, isSymmetric: boolean): string {
  const { source, floor, value, nonce, log, loaders, writers, read } = state;
  const nonces = new Renaming();
  const tokens = new Renaming();
  const name = isSymmetric ? (token: number): number => tokens.of(token) : (token: number): number => token;
  const fields = [source, floor, value === undefined ? 0 : 1 + value.version, readCode(read), log?.first ?? 0];
  for (const mark of [nonce, value?.nonce ?? ABSENT, read?.nonce ?? ABSENT]) fields.push(nonces.of(mark));
  for (const { token, isTag } of log?.entries ?? []) fields.push(name(token) * 2 + Number(isTag));
  fields.push(0); // the end of the log

  const loads = loaders.map(loadCode);
  for (const load of isSymmetric ? interchangeable(loads) : loads) {
    fields.push(load >> 13, (load >> 9) & 15, name((load >> 4) & 31), nonces.of(load & 15));
  }
  const writes = writers.map(
    ({ next, version, first }) => (WRITER.indexOf(next) * 4 + version) * 3 + FIRST.indexOf(first),
  );
  return pack([...fields, ...(isSymmetric ? interchangeable(writes) : writes)]);
}

function loadCode({ done, isMarking, noted, version, nonce }: Loader): number {
  const progress = (done * 2 + Number(isMarking)) * 4 + version;
  return ((progress * 16 + noted.id) * 32 + noted.token) * 16 + nonce;
}
