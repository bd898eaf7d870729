import type { Socket } from 'node:net';
import type { Fault } from './fault.ts';

export interface ConnectionOutside {
  readonly random: () => number;
  /** Bytes that were passed on to the server. */
  readonly onForwarded: (bytes: number) => void;
  /** The client's side is gone. */
  readonly onEnd: () => void;
}

interface Piece {
  readonly bytes: Buffer;
  readonly dueAt: number;
}

/** One client's connection and the one to the server that belongs to it. */
export class ProxiedConnection {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #requests: Lane;
  readonly #responses: Lane;
  readonly #random: () => number;
  #fault: Fault = { kind: 'none' };
  /** Bytes were swallowed or the server's side is gone: whatever came next would make no sense to the client. */
  #isBroken = false;

  constructor(client: Socket, server: Socket, { random, onForwarded, onEnd }: ConnectionOutside) {
    this.#client = client;
    this.#server = server;
    this.#random = random;
    const end = () => this.reset();
    this.#requests = new Lane(client, server, onForwarded, end);
    this.#responses = new Lane(server, client, () => undefined, end);
    for (const socket of [client, server]) socket.setNoDelay(true);
    client.on('error', () => this.reset());
    server.on('error', () => this.#serverGone());
    server.on('close', () => this.#serverGone());
    client.on('close', () => {
      this.reset();
      onEnd();
    });
  }

  suffer(fault: Fault): void {
    const before = this.#fault.kind;
    this.#fault = fault;
    if (this.#isBroken && before === 'blackhole' && fault.kind !== 'blackhole') return this.reset();
    switch (fault.kind) {
      case 'none':
      case 'refuse': // the proxy closes its port and cuts
        return this.#lanes({ kind: 'pass' }, { kind: 'pass' });
      case 'freeze':
        return this.#lanes({ kind: 'hold' }, { kind: 'hold' });
      case 'blackhole':
        this.#isBroken = true;
        return this.#lanes({ kind: 'swallow' }, { kind: 'swallow' });
      case 'delay': {
        const late =
          (ms = 0) =>
          () =>
            ms + this.#random() * (fault.jitterMs ?? 0);
        return this.#lanes(
          { kind: 'late', delayMs: late(fault.requestMs) },
          { kind: 'late', delayMs: late(fault.responseMs) },
        );
      }
      case 'trickle':
        return this.#lanes({ kind: 'pass' }, { kind: 'drip', bytes: fault.bytes, everyMs: fault.everyMs });
      case 'reset':
        return this.#lanes({ kind: 'pass' }, { kind: 'stop', bytes: this.#between(fault.afterBytes) });
    }
  }

  /** Both sides learn of it at once. */
  reset(): void {
    this.#requests.close();
    this.#responses.close();
    for (const socket of [this.#client, this.#server]) if (!socket.destroyed) socket.resetAndDestroy();
  }

  orphan(): void {
    this.#isBroken = true;
    this.#lanes({ kind: 'swallow' }, { kind: 'swallow' });
    this.#server.destroy();
  }

  #lanes(requests: Manner, responses: Manner): void {
    // Once orphaned it stays so: there is no server's side to pass anything on to.
    if (this.#isBroken && this.#fault.kind !== 'blackhole') return;
    this.#requests.behave(requests);
    this.#responses.behave(responses);
  }

  /** The client is told, unless the fault is that nobody tells it. */
  #serverGone(): void {
    if (!this.#isBroken && this.#fault.kind !== 'freeze') this.#responses.end();
  }

  #between(bytes: number | readonly [number, number]): number {
    if (typeof bytes === 'number') return bytes;
    const [from, to] = bytes;
    return from + Math.floor(this.#random() * (to - from + 1));
  }
}

/** What a lane does with what it is given. */
type Manner =
  | { readonly kind: 'pass' }
  | { readonly kind: 'hold' }
  | { readonly kind: 'swallow' }
  | { readonly kind: 'late'; readonly delayMs: () => number }
  | { readonly kind: 'drip'; readonly bytes: number; readonly everyMs: number }
  | { readonly kind: 'stop'; readonly bytes: number };

/** One direction. Bytes never overtake each other. */
class Lane {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #onForwarded: (bytes: number) => void;
  readonly #reset: () => void;
  readonly #queue: Piece[] = [];
  #manner: Manner = { kind: 'pass' };
  /** Of manner `stop`: what may still pass. */
  #allowance = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #isEnding = false;

  constructor(from: Socket, to: Socket, onForwarded: (bytes: number) => void, reset: () => void) {
    this.#from = from;
    this.#to = to;
    this.#onForwarded = onForwarded;
    this.#reset = reset;
    from.on('data', (bytes: Buffer) => this.#take(bytes));
    from.on('end', () => this.end());
    to.on('drain', () => this.#flow());
  }

  behave(manner: Manner): void {
    this.#manner = manner;
    this.#allowance = manner.kind === 'stop' ? manner.bytes : Number.POSITIVE_INFINITY;
    if (manner.kind === 'hold') this.#from.pause();
    else this.#flow();
  }

  /** Nothing more will come; what is queued still goes first. */
  end(): void {
    this.#isEnding = true;
    this.#pump();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#queue.length = 0;
    this.#manner = { kind: 'hold' };
  }

  #flow(): void {
    if (this.#manner.kind !== 'hold') this.#from.resume();
    this.#pump();
  }

  #take(bytes: Buffer): void {
    const delayMs = this.#manner.kind === 'late' ? this.#manner.delayMs() : 0;
    const after = this.#queue.at(-1)?.dueAt ?? 0;
    this.#queue.push({ bytes, dueAt: Math.max(after, performance.now() + delayMs) });
    const isDripping = this.#manner.kind === 'drip' && this.#queue.length > 1; // its timer sets the pace
    if (!isDripping) this.#pump();
  }

  #pump(): void {
    clearTimeout(this.#timer);
    switch (this.#manner.kind) {
      case 'hold':
        return;
      case 'swallow':
        this.#queue.length = 0;
        return;
      case 'late': {
        const now = performance.now();
        for (let next = this.#queue[0]; next && next.dueAt <= now; next = this.#queue[0])
          this.#write(next.bytes.length);
        if (this.#queue[0]) this.#again(this.#queue[0].dueAt - now);
        break;
      }
      case 'drip':
        if (this.#queue.length > 0) this.#write(this.#manner.bytes);
        if (this.#queue.length > 0) this.#again(this.#manner.everyMs);
        break;
      case 'pass':
      case 'stop':
        while (this.#queue.length > 0 && this.#allowance > 0) this.#write(this.#allowance);
        if (this.#allowance === 0) return this.#reset();
    }
    if (this.#isEnding && this.#queue.length === 0) this.#to.end();
  }

  /** Passes on up to so many bytes of the first piece. */
  #write(most: number): void {
    const piece = this.#queue.shift();
    if (!piece) return;
    const bytes = piece.bytes.subarray(0, most);
    const rest = piece.bytes.subarray(bytes.length);
    if (rest.length > 0) this.#queue.unshift({ bytes: rest, dueAt: piece.dueAt });
    this.#allowance -= bytes.length;
    this.#onForwarded(bytes.length);
    if (!this.#to.write(bytes)) this.#from.pause();
  }

  #again(delayMs: number): void {
    this.#timer = setTimeout(() => this.#pump(), Math.max(1, delayMs));
  }
}
