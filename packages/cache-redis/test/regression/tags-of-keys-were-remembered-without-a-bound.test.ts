import { expect, it, vi } from 'vitest';
import type { Connection } from '../../src/connection/connection.ts';
import { encodeEntry } from '../../src/protocol/entry-format.ts';
import { EntryReader } from '../../src/protocol/reading.ts';

const TAGS = Array.from({ length: 1_000 }, (_, tag) => `lead:${tag}`);
const key = (id: number) => ({ text: `search:${id}`, scope: { namespace: undefined, type: 'search' } });

it('the tags of keys that were read are remembered by their size', async () => {
  const nonces = new Map([...TAGS, 'search'].map((tag) => [tag, 'n']));
  const entry = { bytes: Buffer.from('1'), freshForMs: 1_000, expiresInMs: 1_000, loadMs: 1, tags: TAGS };
  const value = encodeEntry(entry, Date.now(), nonces);
  const asked: number[] = [];
  const mget = vi.fn(async (keys: readonly string[]) => {
    asked.push(keys.length);
    return keys.map((name) => (name.startsWith('search:') ? value : Buffer.from('n')));
  });
  const connection = { client: { mgetBuffer: mget }, isCluster: false } as unknown as Connection;
  const reader = new EntryReader(connection, () => Date.now());
  for (let id = 0; id < 400; id++) await reader.read([key(id)]);
  const keysAtOnce = async (id: number) => {
    asked.length = 0;
    await reader.read([key(id)]);
    return asked[0];
  };
  expect(await keysAtOnce(399)).toBeGreaterThan(900);
  expect(await keysAtOnce(0)).toBe(2); // forgotten: what its tags are is only known from the value
  reader.forget();
  expect(await keysAtOnce(399)).toBe(2);
});
