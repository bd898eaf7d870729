import { changed } from './actors.ts';
import { interchangeable, pack } from './encode.ts';

export interface State {
  /** What the source holds. Each change makes a new version. */
  readonly version: number;
  /**
   * Changes and losses of a channel that may still happen; whether the table of tags may still overflow, the entry
   * still end.
   */
  readonly left: {
    readonly changes: number;
    readonly losses: number;
    readonly overflows: number;
    readonly ends: number;
  };
  /** The entry, and the generation of the nonce that it was stored with. */
  readonly stored: Stored | undefined;
  readonly nonce: Nonce;
  /** The entry of the version before this one has ended: one in a run. */
  readonly ended: number;
  /** To the node of the key, and to the node of its tag. */
  readonly links: readonly [Link, Link];
  /** The newest version that this process must know of. */
  readonly floor: number;
  readonly tags: TagTable;
  readonly copy: Copy | undefined;
  readonly reads: readonly Read[];
  /** Only of the mutant that keeps what it fills: the version of an own fill that ran and is not answered yet. */
  readonly ownFill: number | undefined;
}

export interface Stored {
  readonly version: number;
  readonly generation: number;
}

interface Nonce {
  readonly generation: number;
  readonly isPresent: boolean;
}

/**
 * `lost`: nothing arrives any more, and the process does not know. `deaf`: of a mutant that is up before the server
 * tracks.
 */
export interface Link {
  readonly state: (typeof LINK)[number];
  readonly queue: readonly Note[];
}

export interface Note {
  readonly of: (typeof NOTE)[number];
  /** What the source held when it was sent. */
  readonly version: number;
}

/** What the process knows of announced tags: time counts announcements. */
interface TagTable {
  readonly now: number;
  /** When the tag was announced last while a copy carried it; none is remembered without one. */
  readonly ofCopy: number;
  /** When it was announced last while a read was under way, as far as the table knows. */
  readonly ofReads: number;
  /** Of what was announced while reads were under way. */
  readonly forgottenUntil: number;
}

export interface Copy {
  readonly version: number;
  readonly stamp: number;
  /** The time is over that the store gave it. */
  readonly isOver: boolean;
}

export interface Read {
  readonly at: (typeof READ)[number];
  /** `undefined`: not asked yet. */
  readonly value: Stored | 'absent' | undefined;
  readonly nonce: number | 'absent' | undefined;
  readonly stamp: number;
  readonly isRegistered: boolean;
  readonly isPoisoned: boolean;
  readonly isOver: boolean;
}

const LINK = ['armed', 'lost', 'down', 'deaf'] as const;
const NOTE = ['key', 'tag', 'all'] as const;
const READ = ['idle', 'sent'] as const;

export const IDLE: Read = {
  at: 'idle',
  value: undefined,
  nonce: undefined,
  stamp: 0,
  isRegistered: false,
  isPoisoned: false,
  isOver: false,
};

export interface LocalCopiesBounds {
  readonly reads: number;
  readonly changes: number;
  /** How often a connection is lost. */
  readonly losses: number;
  /** How often the table of tags overflows, and an entry ends without a word: 0 or 1. */
  readonly rareEvents: 0 | 1;
}

export function initial({ reads, changes, losses, rareEvents }: LocalCopiesBounds): State {
  const link: Link = { state: 'armed', queue: [] };
  return {
    version: 0,
    left: { changes, losses, overflows: rareEvents, ends: rareEvents },
    stored: { version: 0, generation: 0 },
    nonce: { generation: 0, isPresent: true },
    ended: 0,
    links: [link, link],
    floor: 0,
    tags: { now: 0, ofCopy: 0, ofReads: 0, forgottenUntil: 0 },
    copy: undefined,
    reads: Array.from({ length: reads }, () => IDLE),
    ownFill: undefined,
  };
}

export function read(state: State, i: number, change: Partial<Read>): State {
  return { ...state, reads: changed(state.reads, i, change) };
}

export function link(state: State, i: 0 | 1, change: Partial<Link>): State {
  const [key, tag] = state.links;
  return { ...state, links: i === 0 ? [{ ...key, ...change }, tag] : [key, { ...tag, ...change }] };
}

/** The server sends a note, if it tracks for this process and the connection carries it. */
export function note(state: State, i: 0 | 1, of: Note['of']): State {
  const { state: at, queue } = state.links[i];
  return at === 'armed' ? link(state, i, { queue: [...queue, { of, version: state.version }] }) : state;
}

/** May a copy that was read at this time be served, by its tag? */
export function isCurrent({ ofCopy }: TagTable, stamp: number): boolean {
  return ofCopy <= stamp;
}

/** May a read that was sent at this time leave a copy, by its tag? */
export function isUntouched({ ofReads, forgottenUntil }: TagTable, stamp: number): boolean {
  return ofReads <= stamp && forgottenUntil <= stamp;
}

/** A copy that is gone carries no tag: what was remembered for it is forgotten. */
export function withCopy(state: State, copy: Copy | undefined): State {
  return { ...state, copy, tags: { ...state.tags, ofCopy: 0 } };
}

/** `forgetsInVain`: a copy that may not be served now never may again, and a read that may not leave one never will. */
export function encode(state: State, forgetsInVain: boolean): string {
  const { version, left, stored, nonce, ended, links, floor, tags, copy, reads, ownFill } = state;
  const fields = [
    version,
    left.changes * 8 + left.losses,
    left.overflows * 8 + left.ends * 4 + Number(tags.ofCopy > 0) * 2 + Number(tags.ofReads > 0),
    storedCode(stored ?? 'absent'),
    nonce.generation * 2 + Number(nonce.isPresent),
    ended,
    floor,
    copyCode(copy, tags, forgetsInVain),
    ownFill === undefined ? 0 : 1 + ownFill,
  ];
  for (const { state: at, queue } of links) {
    fields.push(LINK.indexOf(at), queue.length);
    for (const { of, version: told } of queue) fields.push(NOTE.indexOf(of) * 16 + Math.max(told, floor)); // older ones tell nothing
  }
  return pack([...fields, ...interchangeable(reads.map((each) => readCode(each, tags, forgetsInVain)))]);
}

function storedCode(stored: Stored | 'absent' | undefined): number {
  if (stored === undefined) return 0;
  return stored === 'absent' ? 1 : 2 + stored.version * 5 + stored.generation;
}

/** Of times, only that counts: is it before or after the last announcement? */
function copyCode(copy: Copy | undefined, tags: TagTable, forgetsInVain: boolean): number {
  if (copy === undefined) return 0;
  const current = isCurrent(tags, copy.stamp);
  if (forgetsInVain && (copy.isOver || !current)) return 0;
  return 1 + copy.version * 4 + Number(copy.isOver) * 2 + Number(current);
}

/** Will this read leave no copy, whatever its commands find? */
export function isInVain({ value, nonce, stamp, isOver }: Read, tags: TagTable, forgetsInVain: boolean): boolean {
  return value === 'absent' || nonce === 'absent' || (forgetsInVain && (isOver || !isUntouched(tags, stamp)));
}

function readCode(read: Read, tags: TagTable, forgetsInVain: boolean): number {
  const { at, value, nonce, stamp, isRegistered, isPoisoned, isOver } = read;
  if (at === 'idle') return 0;
  if (isPoisoned) return 1;
  if (isInVain(read, tags, forgetsInVain)) return 2;
  const current = isUntouched(tags, stamp);
  const asked = storedCode(value) * 8 + nonceCode(nonce);
  return 3 + asked * 8 + Number(current) * 4 + Number(isRegistered) * 2 + Number(isOver);
}

function nonceCode(nonce: Read['nonce']): number {
  if (nonce === undefined) return 0;
  return nonce === 'absent' ? 1 : 2 + nonce;
}
