import {
  type ReadCall,
  type ReadReply,
  type Scope,
  type StoreKey,
  StoreUnavailableError,
  tagKey,
} from '@huntly/cache-core';
import type { Connection } from '../connection/connection.ts';
import { redactError } from '../redaction.ts';
import type { ByteGate } from './byte-gate.ts';
import { decodeEntry, type StoredValue } from './entry-format.ts';
import { type Answer, fetchMany, type Part } from './many.ts';
import type { NonceNames } from './nonce-names.ts';
import { nextPortion, SMALL_BYTES } from './portions.ts';
import type { ServerClock } from './server-clock.ts';
import type { SizesSeen } from './sizes-seen.ts';

/** Values of unknown size that are asked for first, for each node: one that is gone must not be the only one asked. */
const PROBES = 2;
/** A key without a value shows nothing, so more are asked for each time: a cold batch takes a few round trips. */
const PROBES_GROW = 4;

export type Decoded = StoredValue | { readonly foreign: Buffer };

export interface BatchParts {
  readonly connection: Connection;
  readonly sizes: SizesSeen;
  readonly gate: ByteGate;
  readonly names: NonceNames;
  readonly serverClock: ServerClock;
  /** What a value means, given what the nonces of its tags are now, in their order. */
  readonly replyTo: (key: StoreKey, value: Decoded, nonces: readonly (string | undefined)[]) => ReadReply;
  /** Hears why a command was refused, though others could be used instead. */
  readonly onRefused: (error: unknown) => void;
  /**
   * Hears the nonce of a type under its name as soon as it is there: a reply that is late must not bring an old one.
   */
  readonly onTypeNonce: (name: string, nonce: string | undefined) => void;
}

/** A key without its reply yet. */
interface Pending {
  readonly index: number;
  readonly key: StoreKey;
  /** Name of the nonce of its type. */
  readonly typeName: string;
  /** Names of the nonces that its value is expected to need besides. */
  readonly expected: readonly string[];
  value?: Decoded;
  /** Names of the nonces of the tags of its value, in their order. */
  needed: readonly string[];
}

/**
 * One read of several keys: their values with the nonces of their tags, and a second question for the nonces of tags
 * that only a value told. Each key has its reply as soon as all of its own is there, whatever becomes of the others.
 */
export class BatchReading {
  readonly #parts: BatchParts;
  readonly #call: ReadCall | undefined;
  readonly #replies: (ReadReply | undefined)[];
  readonly #pending: Set<Pending>;
  readonly #typeNames = new TypeNames();
  readonly #answers = new Map<string, Answer>();
  readonly #asked = new Set<string>();
  /** Replies that wait for the clock of the server. */
  readonly #late: Promise<void>[] = [];

  constructor(parts: BatchParts, keys: readonly StoreKey[], call: ReadCall | undefined) {
    this.#parts = parts;
    this.#call = call;
    this.#replies = keys.map(() => undefined);
    this.#pending = new Set(
      keys.map((key, index) => {
        const typeName = this.#typeNames.of(key.scope);
        return { index, key, typeName, expected: parts.names.expectedFor(key.text), needed: [] };
      }),
    );
  }

  /** @throws the error of the first key, if no key has an answer */
  async run(): Promise<readonly ReadReply[]> {
    await this.#askInPortions();
    await Promise.all(this.#late);
    const replies = this.#replies.map((reply) => reply ?? unavailable(notAsked()));
    const [first] = replies;
    if (first?.kind === 'unavailable' && replies.every(({ kind }) => kind === 'unavailable')) throw first.error;
    return replies;
  }

  /** Small values at once; then large ones, some at a time, as long as the caller waits for them. */
  async #askInPortions(): Promise<void> {
    const { sizes, gate } = this.#parts;
    const asking: Promise<void>[] = [];
    let probes = PROBES * Math.max(1, this.#parts.connection.primaries().length);
    let wanted: readonly Pending[] = [...this.#pending];
    while (wanted.length > 0) {
      const { now, later, bytes, isProbe } = nextPortion(wanted, ({ key }) => sizes.expect(key), probes);
      wanted = later;
      const leave = await gate.enter(bytes, () => this.#call?.onProgress?.());
      if (this.#call?.isOver?.()) {
        leave();
        break;
      }
      const names = now.flatMap(({ key, typeName, expected }) => [key.text, typeName, ...expected]);
      let answered = Promise.resolve();
      const isOneThere = new Promise<void>((resolve) => {
        const look = (part: Part) => now.some(({ key }) => part.has(key.text)) && resolve();
        answered = this.#ask(names, look).finally(() => {
          resolve();
          leave();
        });
      });
      asking.push(answered);
      if (bytes > SMALL_BYTES) await answered;
      else if (isProbe) await isOneThere; // not all: the node of another may be gone
      if (isProbe) probes *= PROBES_GROW;
    }
    await Promise.all(asking);
  }

  /** Each name once. Never rejects. @param hear is given what has come, once it was looked at */
  async #ask(names: readonly string[], hear: (part: Part) => void = () => {}): Promise<void> {
    const fresh = [...new Set(names)].filter((name) => !this.#asked.has(name));
    for (const name of fresh) this.#asked.add(name);
    const further: Promise<void>[] = [];
    const onPart = (part: Part) => {
      const missing = this.#take(part);
      if (missing.length > 0) further.push(this.#ask(missing));
      hear(part);
    };
    await fetchMany(this.#parts.connection, fresh, onPart, this.#parts.onRefused);
    await Promise.all(further);
  }

  /** @returns nonces that are needed besides */
  #take(part: Part): string[] {
    for (const [name, answer] of part) {
      this.#answers.set(name, answer);
      if (this.#typeNames.has(name)) this.#parts.onTypeNonce(name, nonceOf(answer));
    }
    const missing: string[] = [];
    for (const one of this.#pending) {
      const answer = this.#answers.get(one.key.text);
      if (answer === undefined) continue;
      if (answer instanceof Error) this.#reply(one, unavailable(answer));
      else if (answer !== null) missing.push(...this.#advance(one, answer));
      else if (this.#mayLoad(one)) this.#reply(one, { kind: 'absent' });
    }
    return missing;
  }

  /**
   * Is the nonce of the type known? A reader that finds no value, or none of use, asks for the lease next, and a lease
   * that notes an old nonce would be taken for doomed.
   */
  #mayLoad({ typeName }: Pending): boolean {
    return this.#answers.has(typeName);
  }

  /** @returns nonces without which this value cannot be judged */
  #advance(one: Pending, stored: Buffer): string[] {
    const value = one.value ?? this.#decode(one, stored);
    const answers = one.needed.map((name) => this.#answers.get(name));
    const failed = answers.find((answer) => answer instanceof Error);
    if (failed) {
      this.#reply(one, unavailable(failed));
      return [];
    }
    const missing = one.needed.filter((_name, index) => answers[index] === undefined);
    if (missing.length === 0) this.#judge(one, value, answers.map(nonceOf));
    return missing;
  }

  /** A value from the future is judged once the clock of the server was asked again. */
  #judge(one: Pending, value: Decoded, nonces: readonly (string | undefined)[]): void {
    const { serverClock, replyTo } = this.#parts;
    const judged = () => replyTo(one.key, value, nonces);
    if ('header' in value && serverClock.isFuture(value.header.at)) {
      this.#pending.delete(one);
      this.#late.push(serverClock.askAgain().then(() => this.#reply(one, judged())));
      return;
    }
    const reply = judged();
    if (reply.kind === 'hit' || this.#mayLoad(one)) this.#reply(one, reply);
  }

  #decode(one: Pending, stored: Buffer): Decoded {
    this.#parts.sizes.note(one.key, stored.byteLength);
    const value = decodeEntry(stored) ?? { foreign: stored };
    one.value = value;
    if ('header' in value) one.needed = this.#parts.names.of(one.key, value.header.tags);
    return value;
  }

  #reply(one: Pending, reply: ReadReply): void {
    this.#pending.delete(one);
    this.#replies[one.index] = reply;
    this.#call?.onReply?.(one.index, reply);
  }
}

/** The keys of one read are mostly of one type. */
class TypeNames {
  readonly #names = new Map<Scope, string>();
  readonly #all = new Set<string>();

  has(name: string): boolean {
    return this.#all.has(name);
  }

  of(scope: Scope): string {
    const known = this.#names.get(scope);
    if (known !== undefined) return known;
    const name = tagKey(scope.namespace, scope.type);
    this.#names.set(scope, name);
    this.#all.add(name);
    return name;
  }
}

function nonceOf(answer: Answer | undefined): string | undefined {
  return Buffer.isBuffer(answer) ? answer.toString('latin1') : undefined;
}

function unavailable(error: Error): ReadReply {
  return { kind: 'unavailable', error: redactError(error) };
}

function notAsked(): Error {
  return new StoreUnavailableError('The value was not asked for: there was no time left.');
}
