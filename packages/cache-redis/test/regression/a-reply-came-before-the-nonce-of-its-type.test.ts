import type { ReadReply, StoreKey } from '@huntly/cache-core';
import { settle } from '@huntly/cache-core/testing';
import keySlot from 'cluster-key-slot';
import { describe, expect, it } from 'vitest';
import type { Connection } from '../../src/connection/connection.ts';
import { EntryReader } from '../../src/protocol/reading.ts';
import type { ServerClock } from '../../src/protocol/server-clock.ts';

// A lease names the nonce of its type that this process saw last, and one that names an old nonce is taken for doomed: another process
// loads as well. A value that nobody can use was reported before the nonce of its type had come from its node of a Cluster; and a value
// that waited for the clock of the server brought the nonce of its time over a newer one.

const TYPE_NONCE = 'tag:lead';
const keyOf = (id: number): StoreKey => ({ text: `lead:${id}`, scope: { namespace: undefined, type: 'lead' } });
const UNREADABLE = Buffer.from('{"huntly":1,"id":"of an earlier version"}\n"Ada"');
const CLOCK_AT_REST = { isFuture: () => false, now: () => 0, askAgain: async () => {} };

function headed(nonce: string): Buffer {
  const times = { stale: 0, at: 1, fresh: 1_000, ttl: 1_000, load: 1 };
  return Buffer.from(`${JSON.stringify({ huntly: 2, id: 'A'.repeat(22), ...times, tags: [['lead', nonce]] })}\n"Ada"`);
}

function readerOf(client: object, isCluster: boolean, clock: Partial<ServerClock> = CLOCK_AT_REST): EntryReader {
  const connection: Partial<Connection> = { client: client as Connection['client'], isCluster, primaries: () => [] };
  return new EntryReader(connection as Connection, clock as ServerClock, () => {});
}

/** Two nodes: one has the nonce of the type, and answers when `answerNonce` is called; the other one has all else. */
function twoNodes(stored: Buffer | null) {
  let answerNonce = (_nonce: string): void => {};
  const nonce = new Promise<Buffer>((resolve) => {
    answerNonce = (text) => resolve(Buffer.from(text));
  });
  const slots = Array.from({ length: 16_384 }, (_, slot) => [slot === keySlot(TYPE_NONCE) ? 'of-the-type' : 'other']);
  const pipeline = () => {
    const names: string[] = [];
    return {
      getBuffer: (name: string) => names.push(name),
      exec: () => Promise.all(names.map(async (name) => [null, name === TYPE_NONCE ? await nonce : stored])),
    };
  };
  return { client: { slots, pipeline }, answerNonce };
}

describe('a reply after which the reader asks for the lease', () => {
  it.each([
    ['no value', null, 'absent'],
    ['a value of an earlier version', UNREADABLE, 'rejected'],
  ])('comes once the nonce of the type is there: %s', async (_name, stored, kind) => {
    const { client, answerNonce } = twoNodes(stored);
    const reader = readerOf(client, true);
    const replies: ReadReply[] = [];
    const reading = reader.read([keyOf(1)], { budgetMs: 50, onReply: (_index, reply) => replies.push(reply) });
    await settle();
    expect(replies).toEqual([]);
    answerNonce('new');
    await reading;
    expect(replies).toMatchObject([{ kind }]);
    expect(reader.typeNonce(keyOf(1))).toBe('new');
  });

  it('brings no nonce that is older than the last one', async () => {
    const states = ['old', 'new'].map(
      (nonce) =>
        new Map([
          ['lead:1', headed('old')],
          [TYPE_NONCE, Buffer.from(nonce)],
        ]),
    );
    const mgetBuffer = async (names: string[]) => {
      const state = states.shift();
      return names.map((name) => state?.get(name) ?? null);
    };
    let tellTime = (): void => {};
    const askAgain = () =>
      new Promise<void>((resolve) => {
        tellTime = resolve;
      });
    const reader = readerOf({ mgetBuffer }, false, { ...CLOCK_AT_REST, isFuture: () => true, askAgain });
    const first = reader.read([keyOf(1)]);
    await settle();
    expect((await reader.read([keyOf(2)]))[0]).toEqual({ kind: 'absent' });
    tellTime();
    expect((await first)[0]).toMatchObject({ kind: 'hit' });
    expect(reader.typeNonce(keyOf(1))).toBe('new');
  });
});
