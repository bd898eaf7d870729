import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface LocalProxy {
  readonly url: string;
  /** What is sent from now on: both sides see an open, silent connection. */
  swallow(): void;
  /** New connections go there. Those that are open stay where they are. */
  leadTo(port: number): void;
  close(): Promise<void>;
}

/** Carries connections to a local port. */
export async function startProxy(port: number): Promise<LocalProxy> {
  const sockets = new Set<Socket>();
  let destination = port;
  const server = createServer((inner) => {
    const outer = connect(destination, '127.0.0.1');
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => to.write(chunk));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    url: `redis://127.0.0.1:${address.port}`,
    swallow() {
      for (const socket of sockets) socket.removeAllListeners('data').resume();
    },
    leadTo(other) {
      destination = other;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
