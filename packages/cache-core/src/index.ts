export { atOnce, isAsyncFunction } from './at-once.ts';
export { type Clock, systemClock } from './clock.ts';
export type { Schema } from './codec/schema.ts';
export type { Codec, Validate } from './codec/value-format.ts';
export {
  type CacheTypeOptions,
  cacheType,
  type Grace,
  type OutputOf,
  type Tags,
  type Ttl,
  type WithQuery,
} from './config/cache-types.ts';
export { checkDuration, type Duration, type DurationCheck, MAX_WAIT, toMilliseconds } from './config/duration.ts';
export { type CacheConfig, type Environment, loadCacheConfig } from './config/environment.ts';
export type { RefreshAhead } from './config/refresh-window.ts';
export type { BatchLoader } from './engine/batch-load.ts';
export { Cache, createCache, type IdentifierOf, type ValueOf } from './engine/cache.ts';
export type { CacheOptions, CacheTypes, LocalOptions, ReadyOptions } from './engine/cache-options.ts';
export type { Claim, Hit, OpenClaim } from './engine/claim.ts';
export type { FillOptions } from './engine/entry-builder.ts';
export type { InvalidationResult, PatternOptions } from './engine/invalidator.ts';
export type { Loader, LoaderContext } from './engine/loading.ts';
export type { ManyEntry, SetManyOptions } from './engine/many.ts';
export type { LookOptions, ReadOptions } from './engine/read-options.ts';
export type { TypedCache } from './engine/typed-cache.ts';
export {
  CacheConfigError,
  CacheError,
  InvalidationError,
  KeyError,
  LoadCycleError,
  LoaderTimeoutError,
  SerializationError,
  StoreUnavailableError,
  ValueRejectedError,
} from './errors.ts';
export { canonicalForm, hashQuery, type QueryOptions } from './keys/canonical.ts';
export {
  buildKey,
  type Identifier,
  type ParsedKey,
  parseKey,
} from './keys/key.ts';
export { buildPattern, escapePattern, type Pattern } from './keys/pattern.ts';
export { keyPrefix, namespaceBelow, namespacePrefix, type Scope } from './keys/scope.ts';
export { isTagKey, leaseKey, logKey, rankingKey, tagKey, valueKeyOf } from './keys/store-keys.ts';
export {
  type CachedSearch,
  CacheManager,
  type CacheManagerOptions,
  type CacheStats,
  createCacheManager,
  type ManagerTypeName,
  type ManagerTypes,
  type ManagerValue,
  type SearchClaim,
} from './manager/cache-manager.ts';
export type { HuntlyTypes, LeadIdsOf, StoredSearch } from './manager/huntly-types.ts';
export type { PopularSearch, PopularSearchOptions } from './manager/popular-searches.ts';
export type {
  CacheEventMap,
  CacheEventName,
  CacheListener,
  ChannelEvent,
  ChildrenOption,
  HitEvent,
  InvalidatedEvent,
  InvalidatedTarget,
  KeyEvent,
  LoadEvent,
  StoreEvent,
  TroubleEvent,
} from './observe/events.ts';
export type { Finding, GuardHealth, HealthLimits } from './observe/findings.ts';
export type { CacheHealth, HealthOptions } from './observe/health.ts';
export type { LatencySummary, TypeLatency } from './observe/latency.ts';
export type { LeveledLogger, Logger, LogLevel } from './observe/logger.ts';
export type { TypeBytes, TypeCounters, TypeStats } from './observe/stats.ts';
export { didYouMean } from './option-names.ts';
export { perCache } from './per-cache.ts';
export type { Announcement, AnnouncementOptions, Channel } from './store/announcements.ts';
export { type MemoryStoreOptions, memoryStore } from './store/memory-store.ts';
export { RANKING_SLACK, type RankedMember, type Ranking, type RankingOptions } from './store/ranking.ts';
export type {
  Call,
  ClientsReport,
  Entry,
  EntryId,
  FillReply,
  Lease,
  LeaseOptions,
  LeaseReply,
  MemoryReport,
  NewEntry,
  ReadCall,
  ReadReply,
  ReplicationReport,
  ServerReport,
  Store,
  StoreKey,
  StoreReport,
  StoreStatus,
  SweepOptions,
  Target,
} from './store/store.ts';
