import { type BreakerState, NO_ANSWER } from '../store/breaker.ts';
import type { StoreReport, StoreStatus } from '../store/store.ts';
import { remedyFor } from './remedies.ts';

/** One thing that is not as it should be. Holds no host, no password and no key. */
export interface Finding {
  /** Stable, for alerts: `store_down`, `store_refuses`, `slow`, `no_memory_limit`, … */
  readonly code: string;
  readonly message: string;
  /** What ends it. */
  readonly remedy: string;
}

/** From where on something is a finding. */
export interface HealthLimits {
  /** @default 50 */
  readonly latencyMs: number;
  /** Share of the memory that the server may use. @default 0.9 */
  readonly memoryRatio: number;
  /** Share of the connections that the server accepts. @default 0.8 */
  readonly clientsRatio: number;
  /** @default 0 */
  readonly evictedPerSecond: number;
  /** @default 10 */
  readonly lagSeconds: number;
  /** Judged where the server uses more than 100 MB. @default 1.5 */
  readonly fragmentation: number;
}

/** What a guard says of itself. */
export interface GuardHealth {
  readonly breaker: BreakerState;
  /** Invalidations that wait to be applied. */
  readonly journal: number;
}

export const DEFAULT_LIMITS: HealthLimits = {
  latencyMs: 50,
  memoryRatio: 0.9,
  clientsRatio: 0.8,
  evictedPerSecond: 0,
  lagSeconds: 10,
  fragmentation: 1.5,
};

export function findingsOfStatus(status: StoreStatus): Finding[] {
  switch (status.state) {
    case 'ready':
      return [];
    case 'connecting':
      return finding(
        'store_connecting',
        'The store is not connected yet: values are loaded from the source.',
        'It connects by itself; look at the server and the network if that takes long.',
      );
    case 'down':
      return status.reason === NO_ANSWER ? notAsked('TIMEOUT') : storeDown(status.reason);
  }
}

function storeDown(reason: string): Finding[] {
  const { meaning, remedy } = remedyFor(reason);
  return finding('store_down', `The store is down${nameOf(reason)}: ${meaning}.`, remedy);
}

/** Connected as it seems, and no answers: the breaker of the guard is open. */
function notAsked(code: string): Finding[] {
  const { meaning, remedy } = remedyFor(code);
  return finding('breaker_open', `The store is not asked for the moment${nameOf(code)}: ${meaning}.`, remedy);
}

/** A store that counts as ready gave no report. */
export function unanswered(code: string): Finding {
  const { meaning, remedy } = remedyFor(code);
  return { code: 'store_silent', message: `The store did not tell how it is${nameOf(code)}: ${meaning}.`, remedy };
}

/** Its breaker is in the status of the store already. */
export function findingsOfGuard(guard: GuardHealth | undefined): Finding[] {
  if (!guard || guard.journal === 0) return [];
  return finding(
    'journal',
    `${guard.journal === 1 ? '1 invalidation waits' : `${guard.journal} invalidations wait`} to be applied; until then this process does not trust what is named there.`,
    'They are applied by themselves, before the store is trusted again.',
  );
}

export type ChannelHealth = 'up' | 'down' | 'alone' | 'off';

/** Where the store itself is away, so are its announcements: that is said already, with its cause. */
export function findingsOfChannel(channel: ChannelHealth, store: StoreStatus): Finding[] {
  if (channel === 'alone') {
    return finding(
      'no_announcements',
      'The store announces no changes: copies in this process live for a second at most.',
      'Give the user of the server +client|id +client|tracking +subscribe and the channel &__redis__:invalidate, which counts from the next connection on; or use a server that knows CLIENT TRACKING with REDIRECT; or turn local copies off.',
    );
  }
  if (channel !== 'down' || store.state !== 'ready') return [];
  return finding(
    'channel_down',
    'Announcements of changes do not arrive: there are no local copies, and every read asks the store.',
    'It is armed again by itself; look whether the server allows CLIENT TRACKING and SUBSCRIBE.',
  );
}

export function findingsOfReport(report: StoreReport, limits: HealthLimits): Finding[] {
  return [
    ...refusals(report),
    ...ofRole(report),
    ...ofMemory(report, limits),
    ...ofTraffic(report, limits),
    ...ofReplication(report, limits),
  ];
}

export function slow(latencyMs: number, limits: HealthLimits): Finding[] {
  if (latencyMs <= limits.latencyMs) return [];
  return finding(
    'slow',
    `The store took ${Math.round(latencyMs)} ms to answer; ${limits.latencyMs} ms are too many.`,
    'Look for slow commands (SLOWLOG), a busy machine, a far network, or an event loop that is blocked here.',
  );
}

function refusals({ refused = [] }: StoreReport): Finding[] {
  return refused.flatMap((code) => {
    const { meaning, remedy } = remedyFor(code);
    return finding('store_refuses', `The store refuses calls${nameOf(code)}: ${meaning}.`, remedy);
  });
}

function ofRole({ server }: StoreReport): Finding[] {
  const found: Finding[] = [];
  if (server?.role === 'replica') {
    const { remedy } = remedyFor('READONLY');
    found.push(...finding('replica', 'The store is a replica: it refuses writes, and its reads may be old.', remedy));
  }
  const { answering, total } = server?.primaries ?? { answering: 0, total: 0 };
  if (answering < total) {
    found.push(
      ...finding(
        'primaries_missing',
        `${total - answering} of ${total} primaries of the Cluster do not answer: their part of the keys is loaded from the source.`,
        'A replica takes over by itself; without one the node must be started again.',
      ),
    );
  }
  return found;
}

function ofMemory({ memory }: StoreReport, limits: HealthLimits): Finding[] {
  if (!memory) return [];
  const found: Finding[] = [];
  if (memory.policy === 'noeviction') {
    found.push(
      ...finding(
        'noeviction',
        'The server may not evict: once its memory is full nothing is cached any more.',
        'Set maxmemory-policy allkeys-lru (or allkeys-lfu).',
      ),
    );
  }
  if (memory.maxBytes === null) {
    found.push(
      ...finding('no_memory_limit', 'The server has no memory limit.', 'Set maxmemory, below what the machine has.'),
    );
  }
  if (memory.usedRatio !== undefined && memory.usedRatio > limits.memoryRatio) {
    found.push(
      ...finding(
        'memory',
        `The server uses ${percent(memory.usedRatio)} of its memory.`,
        'Give it more memory, or shorten TTLs, if evictions cost too many loads.',
      ),
    );
  }
  if (memory.fragmentation !== undefined && memory.fragmentation > limits.fragmentation) {
    found.push(
      ...finding(
        'fragmentation',
        `The server takes ${memory.fragmentation} bytes from the system for each byte that it uses.`,
        'Set activedefrag yes, or start it again.',
      ),
    );
  }
  return found;
}

function ofTraffic({ clients, evictedPerSecond = 0 }: StoreReport, limits: HealthLimits): Finding[] {
  const found: Finding[] = [];
  if (evictedPerSecond > limits.evictedPerSecond) {
    found.push(
      ...finding(
        'evictions',
        `The server evicts ${evictedPerSecond} keys a second to make room.`,
        'Harmless for what is cached, and a sign that it could use more memory.',
      ),
    );
  }
  const { connected = 0, max = 0 } = clients ?? {};
  if (max > 0 && connected / max > limits.clientsRatio) {
    found.push(
      ...finding(
        'clients',
        `${connected} of ${max} connections that the server accepts are taken.`,
        'Raise maxclients, or look for clients that open more than they need.',
      ),
    );
  }
  return found;
}

function ofReplication({ replication }: StoreReport, limits: HealthLimits): Finding[] {
  const { isLinkUp, lagSeconds = 0 } = replication ?? {};
  if (isLinkUp !== false && lagSeconds <= limits.lagSeconds) return [];
  const what = isLinkUp === false ? 'A replica is not in step with its primary' : `A replica is ${lagSeconds} s behind`;
  return finding(
    'replication',
    `${what}: a failover now would lose the newest invalidations.`,
    'Look at the replica and the network between the two.',
  );
}

function finding(code: string, message: string, remedy: string): Finding[] {
  return [{ code, message, remedy }];
}

/** Codes are words of ours or of the server; anything else stays out. */
function nameOf(code: string): string {
  return /^[A-Z][A-Z\d_]{1,40}$/.test(code) ? ` (${code})` : '';
}

function percent(ratio: number): string {
  return `${Math.round(ratio * 100)} %`;
}
