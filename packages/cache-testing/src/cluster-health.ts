import type { RedisServer } from './boot.ts';
import type { Shard } from './cluster-join.ts';
import { type SeenNode, SLOTS, serves, viewFrom } from './cluster-view.ts';
import { replicationOf } from './replication.ts';

/**
 * Do all running nodes see the same thing, and is it whole: each shard served by a running member whom all other running
 * members follow, and nobody taken for failed?
 */
export async function isSettled(shards: readonly Shard[]): Promise<boolean> {
  const nodes = shards.flatMap(({ members }) => members.filter(isRunning));
  const pictures = await Promise.all(nodes.map(async (node) => picture(await viewFrom(node), shards)));
  const [first] = pictures;
  if (first === undefined || pictures.some((other) => other !== first)) return false;
  const links = await Promise.all(nodes.map(replicationOf));
  return links.every(({ isLinked }) => isLinked) && (await serveAllSlots(nodes));
}

/** Does each of these nodes hold the cluster for whole? Only then does it answer commands. */
export async function serveAllSlots(nodes: readonly RedisServer[]): Promise<boolean> {
  const infos = await Promise.all(nodes.map(async (node) => String(await node.cli('CLUSTER', 'INFO'))));
  return infos.every((info) => info.includes('cluster_state:ok') && info.includes(`cluster_slots_ok:${SLOTS}`));
}

export function isRunning({ state }: RedisServer): boolean {
  return state === 'running';
}

/** Who serves which slots, and since which epoch, as one node sees it; `undefined` while something is amiss in its view. */
function picture(view: readonly SeenNode[], shards: readonly Shard[]): string | undefined {
  const owners = shards.map(({ firstSlot, members }) => {
    const running = members.filter(isRunning).map(({ port }) => view.find((node) => node.port === port));
    const owner = running.find((node) => node !== undefined && serves(node, firstSlot));
    const areWell = running.every((node) => node?.flags.every((flag) => WELL.has(flag)));
    const follow = running.every((node) => node === owner || node?.follows === owner?.id);
    return areWell && follow ? owner?.port : undefined;
  });
  return owners.includes(undefined) ? undefined : slotMap(view);
}

/**
 * `undefined` while two primaries have one epoch: when they find out, one of them takes a higher one. Had a slot just left it, the
 * new owner's claim would be the lower one from then on, and who has not heard of it yet would never believe it.
 */
function slotMap(view: readonly SeenNode[]): string | undefined {
  const owners = view.filter(({ slots }) => slots.length > 0);
  if (new Set(owners.map(({ epoch }) => epoch)).size < owners.length) return undefined;
  const owned = owners.map(({ port, epoch, slots }) => `${port} ${epoch}: ${slots.join(' ')}`);
  return owned.sort().join('\n');
}

/** Other flags: `handshake`, `noaddr`, `fail?`, `fail`. */
const WELL = new Set(['myself', 'master', 'slave']);
