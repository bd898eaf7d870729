import type { ServerResponse } from 'node:http';
import { closeHead, isChunk, isLastChunk, takeHead } from './head.ts';
import type { Reason } from './storable.ts';

/** How a response ended. */
export type Ending =
  | { readonly kind: 'whole'; readonly body: Buffer }
  | { readonly kind: 'lost'; readonly reason: Reason };

export interface CaptureListener {
  /**
   * The head is about to be sent: the last chance to look at it and to add to it. `whole` is the body where all of it is known by
   * now. Returns whether the body is to be kept, or that it shall not be sent: the client has it.
   */
  onHead(whole: Buffer | undefined): 'keep' | 'pass' | 'not-modified';
  /** Around whatever lies below this middleware, which must see the request as it came. */
  outside<T>(call: () => T): T;
  /** Once, unless `onHead` said `pass`. */
  onEnd(ending: Ending): void;
  /** The handler has ended its response. */
  onOver(): void;
}

type AnyFunction = (...args: unknown[]) => unknown;

/**
 * Listens to a response where every way of answering ends: `writeHead`, `write` and `end`. What is sent to the client is what the handler
 * wrote, when it wrote it.
 */
export class Capture {
  readonly #res: ServerResponse;
  readonly #listener: CaptureListener;
  readonly #maxBytes: number;
  readonly #below: { readonly writeHead: AnyFunction; readonly write: AnyFunction; readonly end: AnyFunction };
  #state: 'before' | 'keep' | 'pass' | 'over' = 'before';
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** The body, where `end` brings all of it with the head still open. */
  #whole: Buffer | undefined;
  #isNotModified = false;

  constructor(res: ServerResponse, listener: CaptureListener, maxBytes: number) {
    this.#res = res;
    this.#listener = listener;
    this.#maxBytes = maxBytes;
    const bind = (method: unknown): AnyFunction => (method as AnyFunction).bind(res);
    this.#below = { writeHead: bind(res.writeHead), write: bind(res.write), end: bind(res.end) };
    res.writeHead = ((...args: unknown[]) => this.#writeHead(args)) as typeof res.writeHead;
    res.write = ((...args: unknown[]) => this.#write(args)) as typeof res.write;
    res.end = ((...args: unknown[]) => this.#end(args)) as typeof res.end;
    // What a handler says once its client has left may be cut short for that, with a length that is right: `{ results: [] }`. And a response
    // that was destroyed has no end.
    res.once('close', () => this.giveUp('aborted'));
  }

  /** Nobody waits for this response any more; it goes on as it is. */
  giveUp(reason: Reason): void {
    if (this.#state === 'over') return;
    const hasPassed = this.#state === 'pass';
    this.#state = 'over';
    this.#chunks = [];
    if (!hasPassed) this.#listener.onEnd({ kind: 'lost', reason }); // `pass` had its answer with the head
  }

  #writeHead(args: unknown[]): unknown {
    if (this.#state !== 'before' || this.#res.headersSent) return this.#send('writeHead', args);
    const rest = takeHead(this.#res, args);
    this.#decide();
    return this.#send('writeHead', [this.#res.statusCode, ...rest.slice(1)]);
  }

  #write(args: unknown[]): unknown {
    // The head first, and with it the decision: below it would be written by itself.
    const isHeadOpen = this.#state === 'before' && !this.#res.headersSent;
    if (isHeadOpen && isChunk(args[0])) this.#res.writeHead(this.#res.statusCode);
    this.#keep(args);
    const isTaken = this.#send('write', args);
    // A client that reads slowly keeps nobody waiting: what is kept is bounded, and Node holds what the client has not read.
    return this.#state === 'keep' || isTaken;
  }

  #end(args: unknown[]): unknown {
    if (this.#state === 'before' && !this.#res.headersSent && isLastChunk(args[0])) {
      this.#whole = bufferOf(args);
      closeHead(this.#res, args); // through `writeHead`, where hooks that were set later have had their say before the decision
    } else this.#keep(args);
    const rest = this.#isNotModified ? args.filter((argument) => typeof argument === 'function') : args;
    const result = this.#send('end', rest);
    this.#finish();
    return result;
  }

  /** What throws was not sent: what comes after it is another answer. */
  #send(method: 'writeHead' | 'write' | 'end', args: unknown[]): unknown {
    const call = () => this.#below[method](...args);
    try {
      return method === 'write' ? call() : this.#listener.outside(call);
    } catch (error) {
      if (this.#state !== 'before') this.giveUp('uncacheable');
      throw error;
    }
  }

  #decide(): void {
    const decision = this.#listener.onHead(this.#whole);
    this.#isNotModified = decision === 'not-modified';
    this.#state = decision === 'pass' ? 'pass' : 'keep';
    if (this.#whole && this.#state === 'keep') this.#add(this.#whole);
  }

  #keep(args: unknown[]): void {
    if (this.#state === 'keep') this.#add(bufferOf(args));
  }

  #add(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes) this.giveUp('too-large');
    else if (chunk.length > 0) this.#chunks.push(chunk);
  }

  #finish(): void {
    if (this.#state === 'keep') {
      this.#state = 'over';
      this.#listener.onEnd({ kind: 'whole', body: Buffer.concat(this.#chunks) });
      this.#chunks = [];
    } else this.giveUp('uncacheable'); // its head was sent before its route
    this.#listener.onOver();
  }
}

/** A copy: whoever wrote a chunk may use its memory again. */
function bufferOf([chunk, encoding]: unknown[]): Buffer {
  if (typeof chunk === 'string') {
    return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
  }
  return chunk instanceof Uint8Array ? Buffer.from(chunk) : Buffer.alloc(0);
}
