import type { RedisClient, RedisClusterClient } from './client.ts';
import { listenTo } from './client-events.ts';
import { catchDropped } from './dropped-promises.ts';
import { isClusterClient } from './supplied-client.ts';

/**
 * Connects to all primaries of a Cluster that is ready. ioredis connects to a node at the first command for it, and
 * without an offline queue refuses all others for this node until that is done. Resolves when each is connected or has
 * failed.
 */
export async function connectPrimaries(client: RedisClusterClient): Promise<void> {
  await Promise.all(client.nodes('master').map(connectNode));
}

/** `host:port` of a node. What tells the primaries of a Cluster apart. */
export function addressOf({ options }: RedisClient): string {
  return `${options?.host ?? ''}:${options?.port ?? ''}`;
}

/**
 * The addresses that values may be read from. First, every primary that serves slots, also one that is away and that
 * the client has dropped from its `nodes()`. Second, the nodes of the client: one that is about to get its first slot
 * is named by no slot, but has keys already, to which an `ASK` leads. Without a Cluster it is one address.
 */
export function primaryAddresses(client: RedisClient | RedisClusterClient): ReadonlySet<string> {
  if (!isClusterClient(client)) return new Set([addressOf(client)]);
  return new Set([...client.slots.flatMap(([primary]) => primary ?? []), ...client.nodes('master').map(addressOf)]);
}

/**
 * Another client for the same server. Not for a Cluster: for one of its nodes. ioredis-mock has no connections to make.
 */
export function duplicateOf(client: RedisClient, settings: object): RedisClient | undefined {
  const duplicate = client.duplicate?.(settings as never) as RedisClient | undefined;
  if (duplicate) catchDropped(duplicate);
  return duplicate;
}

function connectNode(node: RedisClient): Promise<void> {
  return new Promise((resolve) => {
    if (node.status === 'ready' || node.status === 'end') return resolve();
    const settled = (): void => {
      for (const forget of forgetting) forget();
      resolve();
    };
    // Nodes are not reconnected: the Cluster client forgets them, and asks who serves their slots.
    const forgetting = (['ready', 'end'] as const).map((event) => listenTo(node, event, settled));
    if (node.status === 'wait') void node.connect?.().catch(settled);
  });
}

/** Tells when the connection to a node is lost that was there: the Cluster client itself goes on with the others. */
export class NodeWatch {
  readonly #onLost: () => void;
  /** Ends listening to a node. */
  readonly #watched = new Map<RedisClient, () => void>();

  constructor(onLost: () => void) {
    this.#onLost = onLost;
  }

  /** May be called again for the same node. */
  add(node: RedisClient): void {
    if (this.#watched.has(node) || node.status === 'end') return;
    let isConnected = node.status === 'ready';
    const forgetting = [
      listenTo(node, 'ready', () => {
        isConnected = true;
      }),
      listenTo(node, 'close', () => {
        if (isConnected) this.#onLost(); // an attempt that fails is no news
        isConnected = false;
      }),
      listenTo(node, 'end', () => this.#forget(node)), // the Cluster client makes another one
    ];
    this.#watched.set(node, () => {
      for (const forget of forgetting) forget();
    });
  }

  close(): void {
    for (const node of [...this.#watched.keys()]) this.#forget(node);
  }

  #forget(node: RedisClient): void {
    this.#watched.get(node)?.();
    this.#watched.delete(node);
  }
}
