import { setTimeout as delay } from 'node:timers/promises';
import type { Store } from '@huntly/cache-core';

/** Every second answer to a read comes later, so that announcements, on a connection of their own, overtake it. */
export function delayReplies(store: Store, slowestMs: number, random: () => number): void {
  const read = store.read.bind(store);
  store.read = async (keys, call) => {
    const replies = await read(keys, call);
    if (random() < 0.5) await delay(random() * slowestMs);
    return replies;
  };
}
