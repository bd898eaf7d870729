import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Fault } from './fault.ts';
import { LOOPBACK } from './ports.ts';
import { ProxiedConnection } from './proxied-connection.ts';
import { seededRandom } from './seeded-random.ts';

export interface FaultProxyOptions {
  /** The server behind. */
  readonly target: { readonly host: string; readonly port: number };
  /** Decides jitter and ranges. @default 1 */
  readonly seed?: number;
}

/** Stands on a port of its own in front of a server and passes everything on, until it is told to do worse. */
export interface FaultProxy {
  readonly host: string;
  readonly port: number;
  readonly fault: Fault;
  /** Open now. */
  readonly connections: number;
  /** Since the start. */
  readonly accepted: number;
  /** Bytes that clients sent and that reached the server's side, since the start. */
  readonly forwardedBytes: number;
  /** Replaces the fault that holds. Resolves when it does hold: a port may have to be closed or opened again. */
  set(fault: Fault): Promise<void>;
  /** The same as `set({ kind: 'none' })`. */
  heal(): Promise<void>;
  /** Resets all connections of this moment. New ones are not affected. */
  cut(): void;
  /** The server's side of all connections of this moment is gone, and the clients are never told. New ones are not affected. */
  halfOpen(): void;
  stop(): Promise<void>;
}

export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const proxy = new TcpFaultProxy(options);
  await proxy.open();
  return proxy;
}

class TcpFaultProxy implements FaultProxy {
  readonly host = LOOPBACK;
  readonly #target: FaultProxyOptions['target'];
  readonly #random: () => number;
  readonly #connections = new Set<ProxiedConnection>();
  #server: Server | undefined;
  #port = 0;
  #fault: Fault = { kind: 'none' };
  #accepted = 0;
  #forwardedBytes = 0;

  constructor({ target, seed = 1 }: FaultProxyOptions) {
    this.#target = target;
    this.#random = seededRandom(seed);
  }

  get port(): number {
    return this.#port;
  }

  get fault(): Fault {
    return this.#fault;
  }

  get connections(): number {
    return this.#connections.size;
  }

  get accepted(): number {
    return this.#accepted;
  }

  get forwardedBytes(): number {
    return this.#forwardedBytes;
  }

  /** Listens: on any free port at first, on the same one ever after. */
  async open(): Promise<void> {
    if (this.#server) return;
    const server = createServer((client) => this.#accept(client));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port: this.#port, host: LOOPBACK }, resolve);
    });
    const address = server.address();
    if (typeof address === 'object' && address) this.#port = address.port;
  }

  async set(fault: Fault): Promise<void> {
    this.#fault = fault;
    for (const connection of [...this.#connections]) connection.suffer(fault);
    if (fault.kind !== 'refuse') return this.open();
    const closed = this.#closePort();
    this.cut();
    await closed;
  }

  heal(): Promise<void> {
    return this.set({ kind: 'none' });
  }

  cut(): void {
    for (const connection of [...this.#connections]) connection.reset();
  }

  halfOpen(): void {
    for (const connection of this.#connections) connection.orphan();
  }

  async stop(): Promise<void> {
    const closed = this.#closePort();
    this.cut();
    await closed;
  }

  #accept(client: Socket): void {
    this.#accepted++;
    const connection = new ProxiedConnection(client, connect(this.#target), {
      random: this.#random,
      onForwarded: (bytes) => {
        this.#forwardedBytes += bytes;
      },
      onEnd: () => void this.#connections.delete(connection),
    });
    this.#connections.add(connection);
    connection.suffer(this.#fault);
  }

  /** Resolves when the port is closed and all connections have ended. */
  #closePort(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    return server ? new Promise((resolve) => void server.close(() => resolve())) : Promise.resolve();
  }
}
