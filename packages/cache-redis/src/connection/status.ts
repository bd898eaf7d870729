import { isDeepStrictEqual } from 'node:util';
import type { StoreStatus } from '@huntly/cache-core';
import { codeOf } from '../redaction.ts';
import type { RedisClient } from './client.ts';
import { listenTo } from './client-events.ts';
import { isHungUp, whyHungUp } from './hung-up.ts';
import { isMock } from './supplied-client.ts';

type Handler = (...args: unknown[]) => void;

/**
 * What the events of a client mean: `connecting` until the first success or failure, `ready`, or `down` with the code
 * of the last error. Also the listener of `error`, without which ioredis prints errors.
 */
export class StatusWatch {
  readonly #client: RedisClient;
  readonly #prepare: () => Promise<string | undefined>;
  /** For each event what ends listening to it. */
  readonly #forget: ReadonlyMap<string, () => void>;
  readonly #listeners = new Set<(status: StoreStatus) => void>();
  #status: StoreStatus = { state: 'connecting' };
  /** Why the connection is not there, as far as known; forgotten at each success. */
  #reason: string | undefined;
  #isClosed = false;
  #preparations = 0;
  /**
   * Cluster: a node that was named in the options has said which nodes there are, and no connection was ready since.
   */
  #hasNodesNamed = false;
  /** Why the server closes connections, if that was found out. */
  #diagnosis: string | undefined;
  #isAsking = false;

  /** @param prepare runs whenever the client says that it is ready, and may return why it is of no use */
  constructor(client: RedisClient, prepare: () => Promise<string | undefined>) {
    this.#client = client;
    this.#prepare = prepare;
    const handlers: Readonly<Record<string, Handler>> = {
      connect: () => void this.#connected(),
      ready: () => void this.#ready(),
      error: (error) => this.#failed(error),
      'node error': (error) => this.#nodeFailed(error), // Cluster: another node may still answer
      refresh: () => {
        this.#hasNodesNamed = true;
      },
      close: () => {
        this.#hasNodesNamed = false;
        this.#down(this.#reason ?? 'reconnecting');
      },
      end: () => this.#down(this.#reason ?? 'closed'),
    };
    this.#forget = new Map(
      Object.entries(handlers).map(([event, handler]) => [event, listenTo(client, event, handler)]),
    );
    if (client.status === 'ready' || isMock(client)) void this.#ready();
    if (client.status === 'end') this.#down('closed');
  }

  status(): StoreStatus {
    return this.#status;
  }

  onStatus(listener: (status: StoreStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The last status, whatever the client does from now on. */
  close(options: { forgetClient: boolean }): void {
    for (const [event, forget] of this.#forget) {
      // Our own client may fail while it closes, and ioredis prints errors that have no listener.
      if (options.forgetClient || event !== 'error') forget();
    }
    this.#down('closed');
    this.#isClosed = true;
    this.#listeners.clear();
  }

  /** Tells a server that is loading its data from one that does not answer: ioredis waits for both without a word. */
  async #connected(): Promise<void> {
    this.#reason = undefined;
    if (this.#client.isCluster || isMock(this.#client)) return;
    const persistence = await this.#client.info('persistence').catch(() => ''); // the events tell why
    if (/^loading:1/m.test(persistence) && this.#client.status !== 'ready') {
      this.#reason = 'LOADING';
      this.#down('LOADING');
    }
  }

  /** Part of the connection was lost: reports `down` for a moment, so that listeners learn of it. */
  interrupted(): void {
    if (this.#isClosed || this.#status.state !== 'ready') return;
    this.#down('reconnecting');
    void this.#ready();
  }

  /** What made a client useless may be over. */
  recheck(): void {
    if (!this.#isClosed && this.#client.status === 'ready') void this.#ready();
  }

  /** Of several checks at a time only the last one counts: the others may have reached another server. */
  async #ready(): Promise<void> {
    const preparation = ++this.#preparations;
    const obstacle = await this.#prepare();
    if (preparation !== this.#preparations) return;
    if (this.#client.status !== 'ready' && !isMock(this.#client)) return; // lost again meanwhile
    if (obstacle !== undefined) return this.#down(obstacle);
    this.#reason = undefined;
    this.#diagnosis = undefined;
    this.#hasNodesNamed = false;
    this.#set({ state: 'ready' });
  }

  /**
   * Behind a NAT, or in a container network, the addresses that nodes give for each other cannot be reached from
   * outside.
   */
  #nodeFailed(error: unknown): void {
    this.#note(error);
    const isUnreachable = error instanceof Error && 'syscall' in error && error.syscall === 'connect';
    if (this.#hasNodesNamed && isUnreachable && this.#client.status !== 'ready') this.#reason = 'NODES_UNREACHABLE';
  }

  #failed(error: unknown): void {
    this.#note(error);
    if (this.#client.status !== 'ready') this.#down(this.#reason ?? 'reconnecting');
  }

  #note(error: unknown): void {
    this.#reason = codeOf(error);
  }

  #down(reason: string): void {
    if (!isHungUp(reason)) {
      this.#set({ state: 'down', reason });
      return;
    }
    this.#set({ state: 'down', reason: this.#diagnosis ?? reason });
    if (this.#diagnosis === undefined) void this.#askWhy();
  }

  async #askWhy(): Promise<void> {
    if (this.#isAsking || this.#isClosed || isMock(this.#client)) return;
    this.#isAsking = true;
    this.#diagnosis = await whyHungUp(this.#client);
    this.#isAsking = false;
    if (this.#diagnosis !== undefined && this.#status.state !== 'ready') this.#down(this.#reason ?? 'reconnecting');
  }

  #set(status: StoreStatus): void {
    if (this.#isClosed) return;
    if (isDeepStrictEqual(this.#status, status)) return;
    this.#status = status;
    for (const listener of [...this.#listeners]) listener(status);
  }
}
