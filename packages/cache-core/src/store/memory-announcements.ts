import { CacheConfigError, StoreUnavailableError } from '../errors.ts';
import { keyPrefix, type Scope, tagKey } from '../keys/key.ts';
import type { Announcement, Channel } from './announcements.ts';

type Listener = (announcement: Announcement) => void;

/** Announcements within one process: each is given in the turn of its change, and nothing can be lost. */
export class MemoryAnnouncements {
  readonly #members = new Set<Member>();

  open(scopes: readonly Scope[], listener: Listener): Channel {
    if (scopes.length === 0) throw new CacheConfigError(['announcements need at least one type.']);
    const member = new Member(scopes, listener, () => this.#members.delete(member));
    this.#members.add(member);
    listener({ kind: 'up' });
    return member;
  }

  key(key: string): void {
    for (const member of this.#members) member.announceKey(key);
  }

  tag(namespace: string | undefined, tag: string): void {
    for (const member of this.#members) member.announceTag(namespace, tag);
  }

  close(): void {
    for (const member of [...this.#members]) member.lose('closed');
  }
}

class Member implements Channel {
  readonly #keyPrefixes: readonly string[];
  readonly #namespaces: ReadonlySet<string | undefined>;
  readonly #listener: Listener;
  readonly #leave: () => void;
  #isOpen = true;

  constructor(scopes: readonly Scope[], listener: Listener, leave: () => void) {
    this.#keyPrefixes = [...new Set(scopes.map(keyPrefix))];
    this.#namespaces = new Set(scopes.map(({ namespace }) => namespace));
    this.#listener = listener;
    this.#leave = leave;
  }

  get state(): 'up' | 'down' {
    return this.#isOpen ? 'up' : 'down';
  }

  get trustedUntil(): number {
    return this.#isOpen ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  }

  announceKey(key: string): void {
    if (this.#keyPrefixes.some((prefix) => key.startsWith(prefix))) this.#listener({ kind: 'keys', keys: [key] });
  }

  announceTag(namespace: string | undefined, tag: string): void {
    if (this.#namespaces.has(namespace)) this.#listener({ kind: 'tags', tags: [tagKey(namespace, tag)] });
  }

  /** The store ends it. */
  lose(reason: string): void {
    if (!this.#end()) return;
    this.#listener({ kind: 'down', reason });
  }

  async barrier(): Promise<void> {
    if (!this.#isOpen) throw new StoreUnavailableError('The announcements of the in-process store are closed.');
  }

  async close(): Promise<void> {
    this.#end();
  }

  #end(): boolean {
    const wasOpen = this.#isOpen;
    this.#isOpen = false;
    this.#leave();
    return wasOpen;
  }
}
