import type { Store } from '@huntly/cache-core';
import { until } from '@huntly/cache-testing';

export async function ready(store: Store): Promise<void> {
  await until('the store to be ready', () => store.status().state === 'ready' || undefined);
}
