/**
 * One entry with one tag, and the copy of it in one process. The key and the tag live on two nodes, each with a
 * connection of its own that carries announcements in order. A read is two commands, one a node, in either order.
 *
 * P2: a hit is at least as new as everything that was announced to this process, or that changed before its channel
 * came up or before the heartbeat bound passed while the channel was not well; and its entry has not ended. Nothing is
 * timed: "the bound passes" may come any time.
 */
import { letter, version } from './actors.ts';
import type { Model, Take } from './explore.ts';
import {
  encode,
  IDLE,
  initial,
  isCurrent,
  isInVain,
  isUntouched,
  type Link,
  type LocalCopiesBounds,
  link,
  note,
  type Read,
  read,
  type State,
  withCopy,
} from './local-copies-state.ts';
import type { RuleOf } from './rules.ts';

const NAMES = ['key channel', 'tag channel'] as const;
const BOTH = [0, 1] as const;

export class LocalCopies implements Model<State> {
  readonly initial: State;
  readonly #broken: RuleOf<'local-copies'> | undefined;
  readonly #forgetsInVain: boolean;

  constructor(bounds: LocalCopiesBounds, broken?: RuleOf<'local-copies'>) {
    this.initial = initial(bounds);
    this.#broken = broken;
    this.#forgetsInVain = !REVIVES.has(broken);
  }

  encode(state: State): string {
    return encode(state, this.#forgetsInVain);
  }

  steps(state: State, take: Take<State>): void {
    this.#store(state, take);
    for (const i of BOTH) this.#channel(state, i, take);
    this.#boundPasses(state, take);
    for (const [i, me] of state.reads.entries()) this.#read(state, i, me, take);
    this.#process(state, take);
    this.#hit(state, take);
  }

  /** What changes, whoever does it. */
  #store(state: State, take: Take<State>): void {
    const { stored, nonce, left } = state;
    if (left.changes > 0) {
      const next = { ...state, version: state.version + 1, left: { ...left, changes: left.changes - 1 } };
      const made = `${version(next.version)} is made:`;
      take(`${made} the key is invalidated`, note({ ...next, stored: undefined }, 0, 'key'));
      take(`${made} the node of the key is flushed`, note({ ...next, stored: undefined }, 0, 'all'));
      const generation = nonce.generation + 1;
      const untagged = { ...next, nonce: { generation, isPresent: false } };
      take(`${made} the tag is invalidated`, note(untagged, 1, 'tag'));
    }
    const isValid = stored !== undefined && nonce.isPresent && stored.generation === nonce.generation;
    if (!isValid) {
      // After the end of an entry the source may have changed without a word.
      const filled = { ...state, version: Math.max(state.version, state.ended) };
      const current = { ...filled, stored: { version: filled.version, generation: nonce.generation } };
      const tagged = nonce.isPresent ? current : note({ ...current, nonce: { ...nonce, isPresent: true } }, 1, 'tag');
      take(`another process fills ${version(filled.version)}`, note(tagged, 0, 'key'));
    }
    if (stored !== undefined && left.ends > 0)
      take('the entry ends, unannounced', this.#entryEnds(state, stored.version));
  }

  /** Its time is over: for the copy, and for a read that has found it. Both were told less than was left. */
  #entryEnds(state: State, ended: number): State {
    const { copy, left } = state;
    const reads = state.reads.map((each) => {
      const isOfIt = typeof each.value === 'object' && each.value.version === ended;
      return isOfIt ? { ...each, isOver: true } : each;
    });
    const over = copy?.version === ended ? { ...copy, isOver: true } : copy;
    return { ...state, left: { ...left, ends: 0 }, stored: undefined, ended: ended + 1, copy: over, reads };
  }

  #channel(state: State, i: 0 | 1, take: Take<State>): void {
    const { state: at, queue } = state.links[i];
    const name = NAMES[i];
    switch (at) {
      case 'armed': {
        const [first, ...rest] = queue;
        if (first !== undefined) {
          const told = { ...link(state, i, { queue: rest }), floor: Math.max(state.floor, first.version) };
          take(`the ${name} announces ${first.of} (${version(first.version)})`, this.#announced(told, first.of));
        }
        const { left } = state;
        if (left.losses === 0) return;
        const lost = { ...state, left: { ...left, losses: left.losses - 1 } };
        return take(`the ${name} is lost`, link(lost, i, { state: 'lost', queue: [] }));
      }
      case 'lost':
        return take(`the ${name} is seen to be closed`, link(state, i, { state: 'down' }));
      case 'down': {
        const isEarly = this.#broken === 'armed-before-up';
        const armed = link(state, i, { state: isEarly ? 'deaf' : 'armed' });
        return take(`the ${name} ${isEarly ? 'connects' : 'is armed'}`, this.#isUp(armed) ? this.#up(armed) : armed);
      }
      case 'deaf':
        return take(`the ${name} is tracked`, { ...link(state, i, { state: 'armed' }), floor: state.version });
    }
  }

  #announced(state: State, of: 'key' | 'tag' | 'all'): State {
    if (of === 'tag') return this.#tagAnnounced(state);
    if (of === 'all' && this.#broken === 'flush-drops-all') return state;
    const dropped = withCopy(state, undefined);
    return of === 'key' && this.#broken === 'poisoned-by-key' ? dropped : poisoned(dropped);
  }

  /** Remembered for a copy that carries it and for reads that are under way: others are not concerned. */
  #tagAnnounced(state: State): State {
    const now = state.tags.now + 1;
    const isRead = state.reads.some(({ at }) => at === 'sent') && this.#broken !== 'kept-for-reads';
    const ofReads = isRead ? now : state.tags.ofReads;
    const ofCopy = state.copy === undefined ? 0 : now;
    return { ...state, tags: { ...state.tags, now, ofReads, ofCopy } };
  }

  /** A new epoch. Every copy to come is from a read that was sent after this. */
  #up(state: State): State {
    if (this.#broken === 'epoch-on-up') return { ...state, floor: state.version };
    const fresh = { ...withCopy(state, undefined), floor: state.version };
    return this.#broken === 'epoch-poisons' ? fresh : poisoned(fresh);
  }

  /** As the process sees it. */
  #isUp({ links: [key, tag] }: State): boolean {
    return isThoughtUp(key) && (isThoughtUp(tag) || this.#broken === 'every-node');
  }

  #boundPasses(state: State, take: Take<State>): void {
    if (state.links.every(({ state: at }) => at === 'armed')) return;
    let noticed: State = { ...state, floor: state.version };
    for (const i of BOTH) {
      if (noticed.links[i].state === 'lost' && this.#broken !== 'heartbeat')
        noticed = link(noticed, i, { state: 'down' });
    }
    take('the heartbeat bound passes', noticed);
  }

  #read(state: State, i: number, me: Read, take: Take<State>): void {
    const name = letter(i);
    const registersLate = this.#broken === 'registered-before-sent';
    if (me.at === 'idle') {
      const registered = { isRegistered: !registersLate, stamp: registersLate ? 0 : state.tags.now };
      return take(`${name}: sends its read`, read(state, i, { ...IDLE, at: 'sent', ...registered }));
    }
    // What its commands find matters no more; they may be answered any time.
    const over = this.#over(read(state, i, IDLE));
    if (me.isPoisoned) return take(`${name}: is answered → poisoned, no copy`, over);
    if (isInVain(me, state.tags, this.#forgetsInVain)) return take(`${name}: is answered → no copy`, over);
    const { stored, nonce } = state;
    if (me.value === undefined) {
      const found = stored === undefined ? 'nothing' : version(stored.version);
      take(`${name}: its read runs on the node of the key → ${found}`, read(state, i, { value: stored ?? 'absent' }));
    }
    if (me.nonce === undefined) {
      const found = nonce.isPresent ? nonce.generation : 'absent';
      take(`${name}: its read runs on the node of the tag`, read(state, i, { nonce: found }));
    }
    if (me.value === undefined || me.nonce === undefined) return;
    if (!me.isRegistered && registersLate) {
      return take(`${name}: registers`, read(state, i, { isRegistered: true, stamp: state.tags.now }));
    }
    this.#settle(state, i, me, take);
  }

  #settle(state: State, i: number, me: Read, take: Take<State>): void {
    const name = letter(i);
    const over = this.#over(read(state, i, IDLE));
    if (typeof me.value !== 'object' || me.nonce !== me.value.generation)
      return take(`${name}: is answered → miss`, over);
    const isStampedLate = this.#broken === 'stamped-when-sent' || this.#broken === 'tags-kept';
    if (!isStampedLate && !isUntouched(state.tags, me.stamp)) return take(`${name}: is answered → no copy`, over);
    const copy = {
      version: me.value.version,
      stamp: this.#broken === 'stamped-when-sent' ? state.tags.now : me.stamp,
      isOver: me.isOver && this.#broken !== 'life-from-sending',
    };
    take(`${name}: is answered → leaves a copy of ${version(copy.version)}`, withCopy(over, copy));
  }

  #over(state: State): State {
    if (this.#broken !== 'ticket-per-read') return state;
    return { ...state, reads: state.reads.map((each) => ({ ...each, isRegistered: false })) };
  }

  #process(state: State, take: Take<State>): void {
    const { tags, left, stored } = state;
    if (left.overflows > 0 && (tags.ofReads > 0 || tags.ofCopy > 0)) {
      const forgottenUntil = this.#broken === 'overflow-forgets-safely' ? 0 : tags.ofReads;
      const ofCopy = this.#broken === 'kept-for-copies' ? 0 : tags.ofCopy;
      const forgotten = { now: tags.now + 1, ofReads: 0, ofCopy, forgottenUntil };
      take('other tags are announced: the table overflows', {
        ...state,
        left: { ...left, overflows: 0 },
        tags: forgotten,
      });
    }
    const isSilent = state.links.every(({ state: at, queue }) => {
      return at === 'armed' && (queue.length === 0 || this.#broken === 'barrier-in-order');
    });
    if (isSilent) take('barrier() resolves', { ...state, floor: state.version });
    if (this.#broken !== 'from-reads-alone') return;
    if (stored === undefined && state.nonce.isPresent && state.ownFill === undefined) {
      const filled = { ...state, stored: { version: state.version, generation: state.nonce.generation } };
      take(`its own fill of ${version(state.version)} runs`, note({ ...filled, ownFill: state.version }, 0, 'key'));
    }
    if (state.ownFill === undefined) return;
    const copy = { version: state.ownFill, stamp: tags.now, isOver: false };
    take('its own fill is answered, leaves a copy', { ...withCopy(state, copy), ownFill: undefined });
  }

  #hit(state: State, take: Take<State>): void {
    const { copy, floor, ended } = state;
    if (copy === undefined || !this.#mayServe(state)) return;
    const isOld =
      copy.version < floor ? `a copy of ${version(copy.version)} is served, and ${version(floor)} is known` : undefined;
    const hasEnded = copy.version === ended - 1 ? `a copy of ${version(copy.version)} outlives its entry` : undefined;
    take(`a hit returns ${version(copy.version)}`, state, isOld ?? hasEnded);
  }

  #mayServe(state: State): boolean {
    const { copy, tags } = state;
    if (copy === undefined || (copy.isOver && this.#broken !== 'ends-with-entry')) return false;
    if (!this.#isUp(state) && this.#broken !== 'off-while-down') return false;
    return this.#broken === 'tags-kept' || isCurrent(tags, copy.stamp);
  }
}

function isThoughtUp({ state }: Link): boolean {
  return state !== 'down';
}

function poisoned(state: State): State {
  return { ...state, reads: state.reads.map((each) => (each.isRegistered ? { ...each, isPoisoned: true } : each)) };
}

/** Mutants in which something may be served that the protocol has given up for good. */
const REVIVES: ReadonlySet<RuleOf<'local-copies'> | undefined> = new Set([
  'tags-kept',
  'stamped-when-sent',
  'overflow-forgets-safely',
  'kept-for-copies',
  'kept-for-reads',
  'ends-with-entry',
  'life-from-sending',
  'registered-before-sent',
] as const);
