import { describe, expect, it } from 'vitest';
import type { RedisClient } from '../../src/connection/client.ts';
import type { Connection } from '../../src/connection/connection.ts';
import { parseOwnLine, readTopology } from '../../src/protocol/topology.ts';

const OTHER = 'bbb 127.0.0.1:7001@17001 master - 0 1 2 connected 5461-16383\n';
const own = (slots: string, epoch = 1, flags = 'myself,master') =>
  `aaa 127.0.0.1:7000@17000,host.example ${flags} - 0 0 ${epoch} connected${slots && ` ${slots}`}\n`;

/** What a Cluster of these primaries is, each with its own `CLUSTER NODES`. */
function topologyOf(...primaries: string[]) {
  const clients = primaries.map((nodes) => ({ cluster: async () => nodes }) as unknown as RedisClient);
  return readTopology({ isCluster: true } as Connection, clients);
}

describe('parseOwnLine', () => {
  it.each([
    ['ranges and single slots', own('0-99 200 300-301'), { slotCount: 103, isMoving: false }],
    ['a primary without slots', own(''), { slotCount: 0, isMoving: false }],
    ['a slot that goes', own('0-99 [93->-bbb]'), { slotCount: 100, isMoving: true }],
    ['a slot that comes', own('0-99 [7000-<-bbb]'), { slotCount: 100, isMoving: true }],
    ['the lines of others', OTHER + own('0-99') + OTHER, { slotCount: 100, isMoving: false }],
    ['a node that thinks itself failed', own('0-99', 1, 'myself,master,fail?'), { slotCount: 100 }],
    ['nothing', '', { slotCount: 0, isMoving: false }],
  ])('reads %s', (_what, nodes, expected) => {
    expect(parseOwnLine(nodes)).toMatchObject(expected);
  });
});

describe('readTopology', () => {
  const first = own('0-5460');
  const second = own('5461-16383', 2).replace('aaa', 'bbb');

  it('is the same in whichever order primaries are asked', async () => {
    expect(await topologyOf(first, second)).toEqual(await topologyOf(second, first));
  });

  it('tells a new epoch, a new owner and other slots', async () => {
    const topologies = await Promise.all([
      topologyOf(first, second),
      topologyOf(own('0-5460', 3), second),
      topologyOf(first.replace('aaa', 'ccc'), second),
      topologyOf(own('0-5461'), own('5462-16383', 2).replace('aaa', 'bbb')),
    ]);
    expect(new Set(topologies.map((each) => each.kind === 'settled' && each.text)).size).toBe(4);
  });

  it.each([
    ['a slot is moving', [own('0-5460 [5460->-bbb]'), second], 'slots are moving'],
    ['a primary is dead or not known yet', [first], 'the primaries serve 5461 of 16384 slots'],
    ['two claim the same slots', [first, second, second], 'the primaries serve 27307 of 16384 slots'],
    ['an answer cannot be read', ['', second], 'the primaries serve 10923 of 16384 slots'],
  ])('is unsettled while %s', async (_what, primaries, reason) => {
    expect(await topologyOf(...primaries)).toEqual({ kind: 'unsettled', reason });
  });
});
