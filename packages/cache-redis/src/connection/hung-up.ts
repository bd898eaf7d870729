import { connect } from 'node:net';
import type { RedisClient } from './client.ts';

/** The reasons that are seen when a server closes a connection before it was used. */
const HUNG_UP: ReadonlySet<string> = new Set(['CLOSED', 'ECONNRESET', 'EPIPE', 'NOT_READY', 'reconnecting']);
const PATIENCE_MS = 500;

export function isHungUp(reason: string): boolean {
  return HUNG_UP.has(reason);
}

/**
 * Why a server closes connections at once. A server that has reached `maxclients` says so and closes. That message is
 * mostly lost: the client has sent something by then, so its socket reports the reset instead. This connection sends
 * nothing. It does not work over TLS.
 */
export function whyHungUp({ options, isCluster }: RedisClient): Promise<'MAXCLIENTS' | undefined> {
  const { host, port, tls } = (options ?? {}) as { host?: string; port?: number; tls?: unknown };
  if (isCluster || host === undefined || port === undefined || tls) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    let heard = '';
    const socket = connect({ host, port, timeout: PATIENCE_MS });
    const end = () => socket.destroy();
    socket.on('data', (data) => {
      heard += data.toString('latin1');
      if (heard.length > 100 || heard.includes('\n')) end();
    });
    for (const event of ['timeout', 'end', 'error'] as const) socket.on(event, end);
    socket.on('close', () => resolve(/^-ERR max number of clients/.test(heard) ? 'MAXCLIENTS' : undefined));
    socket.unref();
  });
}
