import {
  type Announcement,
  CacheConfigError,
  isTagKey,
  keyPrefix,
  namespacePrefix,
  type Scope,
  tagKey,
} from '@huntly/cache-core';

/**
 * Which keys a server is asked to announce: those of the given types, and the nonces of tags. Never those of other
 * programs, and no leases. With the namespaces below, everything in them and in their parent: the leases, logs and
 * rankings among it are announced in vain.
 */
export class TrackedKeys {
  /** None begins another: servers refuse that. */
  readonly prefixes: readonly string[];

  /**
   * @param below the namespace below which everything is announced: one prefix, as a server compares each key that
   *   changes with every prefix of all its clients
   * @throws CacheConfigError for no scopes: without a prefix a server announces the keys of all programs
   */
  constructor(scopes: readonly Scope[], below?: string) {
    if (scopes.length === 0 && below === undefined)
      throw new CacheConfigError(['announcements need at least one type.']);
    const own = scopes.flatMap((scope) => [keyPrefix(scope), tagKey(scope.namespace, '')]);
    const all = [...new Set(below === undefined ? own : [...own, namespacePrefix(below)])];
    this.prefixes = all.filter((prefix) => !all.some((other) => other !== prefix && prefix.startsWith(other)));
  }

  /** What a message of the server means. `null`: it was flushed. */
  read(message: readonly Buffer[] | null): readonly Announcement[] {
    if (message === null) return [{ kind: 'all' }];
    const keys: string[] = [];
    const tags: string[] = [];
    for (const bytes of message) {
      const key = bytes.toString();
      (isTagKey(key) ? tags : keys).push(key);
    }
    return [
      ...(keys.length > 0 ? [{ kind: 'keys', keys } as const] : []),
      ...(tags.length > 0 ? [{ kind: 'tags', tags } as const] : []),
    ];
  }
}
