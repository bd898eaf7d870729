import type { RedisClient, RedisClusterClient } from './client.ts';
import { isClusterClient } from './supplied-client.ts';

/**
 * Connects to all primaries of a Cluster that is ready. ioredis connects to a node at the first command for it, and without
 * an offline queue refuses all others for this node until that is done. Resolves when each is connected or has failed.
 */
export async function connectPrimaries(client: RedisClusterClient): Promise<void> {
  await Promise.all(client.nodes('master').map(connectNode));
}

/** `host:port` of a node. What tells the primaries of a Cluster apart. */
export function addressOf({ options }: RedisClient): string {
  return `${options?.host ?? ''}:${options?.port ?? ''}`;
}

/**
 * Whom values may be read from. Who serves slots: all of them, also one that is away and that the client has dropped from its
 * `nodes()`. And the nodes of the client: one that is about to get its first slot has keys already, to which an `ASK` leads,
 * and is named by no slot. One name for what is no Cluster.
 */
export function primaryAddresses(client: RedisClient | RedisClusterClient): ReadonlySet<string> {
  if (!isClusterClient(client)) return new Set([addressOf(client)]);
  return new Set([...client.slots.flatMap(([primary]) => primary ?? []), ...client.nodes('master').map(addressOf)]);
}

/** Another client for the same server. Not for a Cluster: for one of its nodes. ioredis-mock has no connections to make. */
export function duplicateOf(client: RedisClient, settings: object): RedisClient | undefined {
  return client.duplicate?.(settings as never) as RedisClient | undefined;
}

function connectNode(node: RedisClient): Promise<void> {
  return new Promise((resolve) => {
    if (node.status === 'ready' || node.status === 'end') return resolve();
    const settled = (): void => {
      node.off('ready', settled);
      node.off('end', settled);
      resolve();
    };
    node.on('ready', settled);
    node.on('end', settled); // nodes are not reconnected: the Cluster client forgets them, and asks who serves their slots
    if (node.status === 'wait') void node.connect?.().catch(settled);
  });
}

/** Tells when the connection to a node is lost that was there: the Cluster client itself goes on with the others. */
export class NodeWatch {
  readonly #onLost: () => void;
  readonly #seen = new WeakSet<RedisClient>();

  constructor(onLost: () => void) {
    this.#onLost = onLost;
  }

  /** May be called again for the same node. */
  add(node: RedisClient): void {
    if (this.#seen.has(node)) return;
    this.#seen.add(node);
    let isConnected = node.status === 'ready';
    node.on('ready', () => {
      isConnected = true;
    });
    node.on('close', () => {
      if (isConnected) this.#onLost(); // an attempt that fails is no news
      isConnected = false;
    });
  }
}
