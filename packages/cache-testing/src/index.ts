export type { RedisServer } from './boot.ts';
export type { Fault } from './fault.ts';
export { type FaultProxy, type FaultProxyOptions, startFaultProxy } from './fault-proxy.ts';
export { type Fleet, type FleetMember, startFleet } from './fleet.ts';
export { type Membership, serveFleet } from './fleet-member.ts';
export {
  examine,
  type Findings,
  type HistoryEvent,
  type InvalidationEvent,
  type LoadEvent,
  type ReadEvent,
  type StaleRead,
} from './history.ts';
export { tellStory } from './history-story.ts';
export { processRegistry } from './process-registry.ts';
export { type ProcessState, processState } from './process-state.ts';
export { findRedisServer, type Machine } from './redis-binary.ts';
export { type ClusterOptions, type RedisCluster, startCluster } from './redis-cluster.ts';
export type { Directives } from './redis-config.ts';
export type { ServerState } from './redis-process.ts';
export { type RedisOptions, startRedis } from './redis-server.ts';
export { type Endpoint, type Reply, ReplyError } from './resp.ts';
export { seededRandom } from './seeded-random.ts';
export { type SentinelOptions, type SentinelSetup, startSentinels } from './sentinel.ts';
export { type Certificates, issueCertificates } from './tls.ts';
export { type Patience, until } from './until.ts';
