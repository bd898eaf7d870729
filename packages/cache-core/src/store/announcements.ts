/** What a store says of changes, whoever made them: this process, another one, a foreign program, expiry or eviction. */
export type Announcement =
  /** These keys changed or are gone: whole keys, as `buildKey` makes them. */
  | { readonly kind: 'keys'; readonly keys: readonly string[] }
  /** Entries with these tags may be invalid: as `tagKey` makes them. A type is the tag of its name. */
  | { readonly kind: 'tags'; readonly tags: readonly string[] }
  /** Everything may have changed. */
  | { readonly kind: 'all' }
  /** From here on every change is announced; what was read before counts for nothing. */
  | { readonly kind: 'up' }
  /** From here on changes may be missed. */
  | { readonly kind: 'down'; readonly reason: string };

export interface AnnouncementOptions {
  /** Of what else changes are announced: of everything in the namespaces below this one, whichever there will be. */
  readonly below?: string | undefined;
}

/** What carries announcements to one listener. */
export interface Channel {
  /** As of this moment: a channel that was not heard of for too long is `down`, even if no timer had its turn to say so. */
  readonly state: 'up' | 'down';
  /**
   * Until when copies may be served without hearing anything more, on the monotonic clock of the process (`Clock.now`). It
   * moves on with each proof of life. `Infinity` where nothing can be lost, `-Infinity` while the channel is down.
   */
  readonly trustedUntil: number;
  /** Resolves when every announcement of what happened before the call was given to the listener. Rejects while it is down. */
  barrier(): Promise<void>;
  /** Ends connections and timers; nothing is announced any more. May be called twice. */
  close(): Promise<void>;
}
