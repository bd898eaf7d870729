import { describe, expect, it, vi } from 'vitest';
import { createCache, memoryStore, type StoreStatus } from '../../src/index.ts';
import { settle } from '../../src/testing/index.ts';

/** A cache on a store that is connecting, and the lines that it logs. */
function starting() {
  const store = memoryStore();
  let status: StoreStatus = { state: 'connecting' };
  let tell: (status: StoreStatus) => void = () => {};
  vi.spyOn(store, 'status').mockImplementation(() => status);
  vi.spyOn(store, 'onStatus').mockImplementation((listener) => {
    tell = listener;
    return () => {};
  });
  const lines: string[] = [];
  const note = (_fields: object, message: string) => lines.push(message);
  const logger = { debug: note, info: note, warn: note, error: note };
  const cache = createCache({ types: { lead: { ttl: '1h' } }, store, logger });
  const turn = async (next: StoreStatus) => {
    status = next;
    tell(next);
    await settle();
  };
  return { cache, lines, turn };
}

describe('what went wrong once', () => {
  it('each healthy start logged that the store is asked again', async () => {
    const { cache, lines, turn } = starting();
    const asked = vi.fn();
    cache.on('store', asked);
    await turn({ state: 'ready' });
    expect(asked).toHaveBeenCalledWith({ state: 'asked' });
    expect(lines).toEqual([]);
    await turn({ state: 'down', reason: 'ECONNREFUSED' });
    await turn({ state: 'ready' });
    expect(lines).toEqual(['the store is not asked: values are loaded from the source', 'the store is asked again']);
  });

  it('a start without the store still says so, and that it is there at last', async () => {
    const { lines, turn } = starting();
    await turn({ state: 'down', reason: 'ECONNREFUSED' });
    await turn({ state: 'ready' });
    expect(lines).toHaveLength(2);
  });
});
