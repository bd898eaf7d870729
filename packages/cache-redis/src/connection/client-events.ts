import type { RedisClient } from './client.ts';

type Listener = (...args: unknown[]) => void;

/** All listeners to one event of one client, behind a single listener. */
interface Audience {
  readonly listeners: Set<Listener>;
  readonly dispatch: Listener;
}

const audiences = new WeakMap<RedisClient, Map<string, Audience>>();

/**
 * Listens to an event of a client. However many listeners there are, the client has one for each event: several stores
 * may share a client, and Node warns of more than ten listeners. The returned function stops listening; the last one to
 * stop removes the listener from the client.
 */
export function listenTo(client: RedisClient, event: string, listener: Listener): () => void {
  const events = audiences.get(client) ?? new Map<string, Audience>();
  audiences.set(client, events);
  const audience = events.get(event) ?? newAudience();
  if (audience.listeners.size === 0) {
    events.set(event, audience);
    client.on(event, audience.dispatch);
  }
  const own: Listener = (...args) => listener(...args); // a listener that is added twice is called twice
  audience.listeners.add(own);
  return () => {
    if (!audience.listeners.delete(own) || audience.listeners.size > 0) return;
    events.delete(event);
    client.off(event, audience.dispatch);
  };
}

function newAudience(): Audience {
  const listeners = new Set<Listener>();
  const dispatch: Listener = (...args) => {
    for (const listener of [...listeners]) if (listeners.has(listener)) listener(...args);
  };
  return { listeners, dispatch };
}
