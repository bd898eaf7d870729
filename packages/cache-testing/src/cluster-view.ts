import type { RedisServer } from './boot.ts';

export const SLOTS = 16_384;

/** One line of `CLUSTER NODES`: a node as another one sees it. */
export interface SeenNode {
  readonly id: string;
  readonly port: number;
  /** `master`, `slave`, `fail?`, `fail`, `handshake` and so on. */
  readonly flags: readonly string[];
  /** The id of the primary, `-` for a primary. */
  readonly follows: string;
  /** Of two who claim a slot the one with the higher one has it. */
  readonly epoch: number;
  /** First and last slot of each range it serves. */
  readonly slots: readonly (readonly [number, number])[];
}

/** What `server` knows of its cluster. */
export async function viewFrom(server: RedisServer): Promise<SeenNode[]> {
  return parseNodes(String(await server.cli('CLUSTER', 'NODES')));
}

/**
 * Reads `CLUSTER NODES`.
 *
 * @example
 * parseNodes('07c37d… 127.0.0.1:30001@40001 myself,master - 0 0 1 connected 0-5460\n')[0]?.slots // [[0, 5460]]
 */
export function parseNodes(text: string): SeenNode[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const [id = '', address = '', flags = '', follows = '', , , epoch, , ...slots] = line.split(' ');
    return {
      id,
      port: Number(/:(\d+)(@|$)/.exec(address)?.[1]),
      flags: flags.split(','),
      follows,
      epoch: Number(epoch),
      slots: slots.filter((range) => !range.startsWith('[')).map(parseRange), // in brackets: a slot on its way
    };
  });
}

export function serves(node: SeenNode, slot: number): boolean {
  return node.slots.some(([first, last]) => first <= slot && slot <= last);
}

function parseRange(range: string): [number, number] {
  const [first = Number.NaN, last = first] = range.split('-').map(Number);
  return [first, last];
}
