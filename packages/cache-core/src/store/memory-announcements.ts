import { CacheConfigError, StoreUnavailableError } from '../errors.ts';
import { keyPrefix, namespacePrefix, type Scope } from '../keys/scope.ts';
import { tagKey } from '../keys/store-keys.ts';
import type { Announcement, AnnouncementOptions, Channel } from './announcements.ts';

type Listener = (announcement: Announcement) => void;

/** Announcements within one process: each is given in the turn of its change, and nothing can be lost. */
export class MemoryAnnouncements {
  readonly #members = new Set<Member>();

  open(scopes: readonly Scope[], listener: Listener, { below }: AnnouncementOptions): Channel {
    if (scopes.length === 0 && below === undefined)
      throw new CacheConfigError(['announcements need at least one type.']);
    const member = new Member(scopes, below, listener, () => this.#members.delete(member));
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
  /** Prefixes of the namespaces whose every change is announced. */
  readonly #below: string | undefined;
  readonly #listener: Listener;
  readonly #leave: () => void;
  #isOpen = true;

  constructor(scopes: readonly Scope[], below: string | undefined, listener: Listener, leave: () => void) {
    this.#below = below === undefined ? undefined : namespacePrefix(below);
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
    if (this.#isBelow(key) || this.#keyPrefixes.some((prefix) => key.startsWith(prefix)))
      this.#listener({ kind: 'keys', keys: [key] });
  }

  announceTag(namespace: string | undefined, tag: string): void {
    if (this.#isBelow(namespace) || this.#namespaces.has(namespace))
      this.#listener({ kind: 'tags', tags: [tagKey(namespace, tag)] });
  }

  #isBelow(name = ''): boolean {
    return this.#below !== undefined && name.startsWith(this.#below);
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
