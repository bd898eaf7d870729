import type { RedisClient } from '../connection/client.ts';
import type { Connection } from '../connection/connection.ts';

const SLOTS = 16_384;

/**
 * Who serves what at one moment. Two that are equal text by text had no change between them, not even one that was
 * undone.
 */
export type Topology =
  | { readonly kind: 'settled'; readonly text: string }
  | { readonly kind: 'unsettled'; readonly reason: string };

/**
 * Who serves which slots, as each primary says of itself. The client's own map may be older, and knows nothing of slots
 * on their way. The epochs of the primaries are part of it: a slot that went away and came back looks the same, but its
 * owner took a new epoch.
 */
export async function readTopology(connection: Connection, primaries: readonly RedisClient[]): Promise<Topology> {
  if (!connection.isCluster) return { kind: 'settled', text: 'one server' };
  const nodes = await Promise.all(
    primaries.map(async (primary) => parseOwnLine(String(await primary.cluster('NODES')))),
  );
  if (nodes.some(({ isMoving }) => isMoving)) return { kind: 'unsettled', reason: 'slots are moving' };
  // Fewer: the client does not know all primaries yet, or one is dead. More: two claim the same slot.
  const served = nodes.reduce((total, { slotCount }) => total + slotCount, 0);
  if (served !== SLOTS) return { kind: 'unsettled', reason: `the primaries serve ${served} of ${SLOTS} slots` };
  return {
    kind: 'settled',
    text: nodes
      .map(({ text }) => text)
      .sort()
      .join('\n'),
  };
}

interface OwnLine {
  /** Id, epoch and slots. */
  readonly text: string;
  readonly slotCount: number;
  readonly isMoving: boolean;
}

/**
 * The line that a node has for itself in `CLUSTER NODES`. Only there are slots on their way marked, in brackets.
 * @example parseOwnLine('07c3… 127.0.0.1:7000@17000 myself,master - 0 0 3 connected 0-99 [93->-292f…]\n').slotCount // 100
 */
export function parseOwnLine(nodes: string): OwnLine {
  const line = nodes.split('\n').find((each) => /^\S+ \S+ (?:\S+,)?myself\b/.test(each)) ?? '';
  const [id = '', , , , , , epoch = '', , ...ranges] = line.trimEnd().split(' ');
  return {
    text: `${id} ${epoch} ${ranges.join(' ')}`,
    slotCount: ranges.reduce((total, range) => total + lengthOf(range), 0),
    isMoving: ranges.some((range) => range.startsWith('[')),
  };
}

function lengthOf(range: string): number {
  if (range.startsWith('[')) return 0;
  const [first = Number.NaN, last = first] = range.split('-').map(Number);
  return last - first + 1;
}
