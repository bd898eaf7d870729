import type { Clock, StoreReport } from '@huntly/cache-core';
import type { RedisClient, RedisClusterClient } from './connection/client.ts';
import type { Connection } from './connection/connection.ts';
import { isClusterClient } from './connection/supplied-client.ts';
import { parseInfo, SECTIONS, type ServerInfo } from './info.ts';
import { RateWindow } from './rate-window.ts';

/** Asks all primaries what they say of themselves, and makes one report of it. */
export class Reporter {
  readonly #connection: Connection;
  readonly #rates: RateWindow;

  constructor(connection: Connection, clock: Clock) {
    this.#connection = connection;
    this.#rates = new RateWindow(clock);
  }

  /** Rejects when no primary answers at all. One that answers, and may not be asked for `INFO`, reads as unknown. */
  async report(): Promise<StoreReport> {
    const primaries = this.#connection.primaries();
    const answers = await Promise.allSettled(primaries.map(ask));
    const infos = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    const failure = answers.find((answer) => answer.status === 'rejected');
    if (infos.length === 0) throw failure?.reason ?? new Error('There is no primary to ask.');
    const total = Math.max(primaries.length, primariesOf(this.#connection.client));
    return { ...summary(infos, { answering: infos.length, total }), ...this.#rates.since(infos) };
  }
}

async function ask(primary: RedisClient): Promise<ServerInfo> {
  const [info] = await Promise.all([primary.info(...SECTIONS).catch(() => ''), primary.ping()]);
  return parseInfo(info);
}

/** How many primaries the Cluster says it has: the client drops those that do not answer. */
function primariesOf(client: RedisClient | RedisClusterClient): number {
  return isClusterClient(client) ? new Set(client.slots.map((nodes) => nodes?.[0])).size : 1;
}

/** One report of all primaries. Exported for its tests. */
export function summary(
  infos: readonly ServerInfo[],
  primaries: { readonly answering: number; readonly total: number },
): StoreReport {
  const all = <T>(pick: (info: ServerInfo) => T | undefined): T[] =>
    infos.flatMap((info) => {
      const value = pick(info);
      return value === undefined ? [] : [value];
    });
  const limits = all((info) => info.maxBytes);
  const policies = new Set(all((info) => info.policy));
  const links = all((info) => info.isLinkUp);
  return {
    kind: 'redis',
    server: {
      version: all((info) => info.version).sort(byVersion)[0],
      role: infos.some((info) => info.role === 'replica') ? 'replica' : infos[0]?.role,
      uptimeSeconds: least(all((info) => info.uptimeSeconds)),
      primaries,
    },
    memory: {
      usedBytes: sum(all((info) => info.usedBytes)),
      maxBytes: limits.includes(0) ? null : sum(limits),
      usedRatio: most(all(usedRatioOf)),
      policy: policies.has('noeviction') ? 'noeviction' : [...policies].sort().join(', ') || undefined,
      fragmentation: most(all((info) => info.fragmentation)),
    },
    clients: fullest(infos),
    replication: {
      replicas: sum(all((info) => info.replicas)),
      isLinkUp: links.length > 0 ? links.every(Boolean) : undefined,
      lagSeconds: most(all((info) => info.lagSeconds)),
    },
  };
}

function usedRatioOf({ usedBytes, maxBytes }: ServerInfo): number | undefined {
  return usedBytes !== undefined && maxBytes ? rounded(usedBytes / maxBytes) : undefined;
}

function fullest(infos: readonly ServerInfo[]): StoreReport['clients'] {
  const share = ({ connectedClients = 0, maxClients = Number.POSITIVE_INFINITY }: ServerInfo) =>
    connectedClients / maxClients;
  const [first] = [...infos].sort((one, other) => share(other) - share(one));
  return { connected: first?.connectedClients, max: first?.maxClients };
}

function byVersion(one: string, other: string): number {
  return one.localeCompare(other, 'en', { numeric: true });
}

function sum(numbers: readonly number[]): number | undefined {
  return numbers.length > 0 ? numbers.reduce((total, each) => total + each, 0) : undefined;
}

function most(numbers: readonly number[]): number | undefined {
  return numbers.length > 0 ? Math.max(...numbers) : undefined;
}

function least(numbers: readonly number[]): number | undefined {
  return numbers.length > 0 ? Math.min(...numbers) : undefined;
}

function rounded(ratio: number): number {
  return Math.round(ratio * 1_000) / 1_000;
}
