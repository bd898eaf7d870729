import { type Announcement, CacheConfigError, keyPrefix, type Scope, tagKey } from '@huntly/cache-core';

/**
 * Which keys a server is asked to announce: those of the given types, and the nonces of tags. Never those of other programs,
 * and no leases: their keys begin with `lease:`.
 */
export class TrackedKeys {
  /** None begins another: servers refuse that. */
  readonly prefixes: readonly string[];
  readonly #tagPrefixes: readonly string[];

  /** @throws CacheConfigError for no scopes: without a prefix a server announces every key of everybody */
  constructor(scopes: readonly Scope[]) {
    if (scopes.length === 0) throw new CacheConfigError(['announcements need at least one type.']);
    this.#tagPrefixes = [...new Set(scopes.map(({ namespace }) => tagKey(namespace, '')))];
    const all = [...new Set([...scopes.map(keyPrefix), ...this.#tagPrefixes])];
    this.prefixes = all.filter((prefix) => !all.some((other) => other !== prefix && prefix.startsWith(other)));
  }

  /** What a message of the server means. `null`: it was flushed. */
  read(message: readonly Buffer[] | null): readonly Announcement[] {
    if (message === null) return [{ kind: 'all' }];
    const keys: string[] = [];
    const tags: string[] = [];
    for (const bytes of message) {
      const key = bytes.toString();
      (this.#tagPrefixes.some((prefix) => key.startsWith(prefix)) ? tags : keys).push(key);
    }
    return [
      ...(keys.length > 0 ? [{ kind: 'keys', keys } as const] : []),
      ...(tags.length > 0 ? [{ kind: 'tags', tags } as const] : []),
    ];
  }
}
