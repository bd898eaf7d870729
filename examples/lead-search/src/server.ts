import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CacheManager } from '@huntly/cache-core';
import { type AppParts, createApp } from './app.ts';

export interface RunningServer {
  readonly url: string;
  /** Lets running requests end, then closes the port. Safe to call twice. */
  close(): Promise<void>;
}

/** Long enough for any answer here, short enough for whoever waits for the process to end. */
const LAST_REQUESTS_MS = 5_000;

/** Listens on the loopback only: nothing here asks who is calling. Port 0 takes any free one. */
export async function startServer(parts: AppParts, port: number): Promise<RunningServer> {
  const server = createServer(createApp(parts));
  const running = new Set<ServerResponse>();
  server.on('request', (_request, response) => {
    running.add(response);
    response.on('close', () => running.delete(response));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EADDRINUSE' ? new Error(`Port ${port} is taken; set PORT to another one.`) : error;
  });
  const address = server.address() as AddressInfo; // a TCP server that listens has one
  return { url: `http://127.0.0.1:${address.port}`, close: () => close(server, running) };
}

async function close(server: Server, running: ReadonlySet<ServerResponse>): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  // Node closes idle connections only now: one that is answering would be kept alive afterwards, and so would the server.
  for (const response of running) if (!response.headersSent) response.setHeader('connection', 'close');
  const timer = setTimeout(() => server.closeAllConnections(), LAST_REQUESTS_MS);
  await closed;
  clearTimeout(timer);
}

/** In this order: no new requests, then the cache stores what is still on its way, then the database goes. */
export async function shutDown(
  server: RunningServer,
  manager: CacheManager,
  database: { close(): Promise<void> },
): Promise<void> {
  await server.close();
  await manager.close();
  await database.close();
}
