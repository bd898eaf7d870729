import assert from 'node:assert/strict';
import { buildKey } from '../keys/key.ts';
import type { Lease, NewEntry, ReadReply, Store, StoreKey, Target } from '../store/store.ts';

/** The functions of vitest, jest, node:test or mocha that the suite needs. */
export interface TestRunner {
  describe(name: string, body: () => void): void;
  it(name: string, body: () => Promise<void>): void;
}

/** One empty store for one test. */
export interface StoreHarness {
  readonly store: Store;
  /** Lets this much time pass for the store: on a fake clock, or by waiting. */
  advance(ms: number): Promise<void>;
  close(): Promise<void>;
}

export const SCOPE = { namespace: 'contract', type: 'lead' };
export const PATIENT_MS = 60_000;
/** Short enough to wait for, long enough not to pass by itself. */
export const SHORT_MS = 200;

export const keyOf = (identifier: string, type = SCOPE.type): StoreKey => {
  const scope = { ...SCOPE, type };
  return { text: buildKey(scope, identifier), scope };
};
export const entryOf = (text: string, rest: Partial<NewEntry> = {}): NewEntry => ({
  bytes: Buffer.from(JSON.stringify(text)),
  freshForMs: PATIENT_MS,
  expiresInMs: PATIENT_MS,
  loadMs: 5,
  tags: [],
  ...rest,
});
export const tagTarget = (tag: string): Target => ({ kind: 'tag', namespace: SCOPE.namespace, tag });
export const keyTarget = (key: StoreKey): Target => ({ kind: 'key', key });
export const textOf = (reply: ReadReply | undefined): unknown =>
  reply?.kind === 'hit' ? JSON.parse(Buffer.from(reply.entry.bytes).toString()) : undefined;

export async function read(store: Store, key: StoreKey): Promise<unknown> {
  const [reply] = await store.read([key]);
  return textOf(reply);
}

/** Stores a value that was not loaded, as `set` does. */
export async function put(store: Store, key: StoreKey, entry: NewEntry): Promise<void> {
  const reply = await store.lease(key, { ttlMs: PATIENT_MS, tags: entry.tags, byForce: true });
  assert(reply.kind === 'granted');
  assert.equal(await store.fill(reply.lease, entry), 'stored');
}

export async function grant(
  store: Store,
  key: StoreKey,
  tags: readonly string[] = [],
  ttlMs = PATIENT_MS,
): Promise<Lease> {
  const [reply] = await store.read([key]);
  const rejected = reply?.kind === 'rejected' ? reply.id : undefined;
  const lease = await store.lease(key, { ttlMs, tags, rejected });
  assert.equal(lease.kind, 'granted');
  return lease.kind === 'granted' ? lease.lease : assert.fail();
}

/** One case: `body` gets an empty store. */
export type It = (title: string, body: (store: Store, harness: StoreHarness) => Promise<void>) => void;
