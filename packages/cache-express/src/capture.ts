import type { ServerResponse } from 'node:http';
import { closeHead, isChunk, isLastChunk, judgeAfterHooks, takeHead } from './head.ts';
import type { FirstPiece } from './head-on-the-wire.ts';
import type { Reason } from './storable.ts';

/** How a response ended. */
export type Ending =
  | { readonly kind: 'whole'; readonly body: Buffer; readonly first: FirstPiece | undefined }
  | { readonly kind: 'lost'; readonly reason: Reason };

export interface HeadDecision {
  /** Is the body to be kept? */
  readonly isKept: boolean;
  /** Does the client get it, or has it got it already? */
  readonly isSent: boolean;
}

export interface CaptureListener {
  /** May `onHead` say that a body is not sent? Else a head is left to `end`, as without a cache. */
  readonly mayWithhold: boolean;
  /**
   * The head is about to be sent: the last chance to add to it. `whole` is the body where all of it is known by now.
   * Also for what comes after a response that was given up before its head.
   */
  onHead(whole: Buffer | undefined): HeadDecision;
  /** All hooks of what lies below have had their say. Returns whether the body is still to be kept. */
  afterHooks(whole: Buffer | undefined): boolean;
  /** Around whatever lies below this middleware, which must see the request as it came. */
  outside<T>(call: () => T): T;
  /** Once, unless `onHead` or `afterHooks` said that nothing is kept. */
  onEnd(ending: Ending): void;
  /** The handler has ended its response. */
  onOver(): void;
}

type AnyFunction = (...args: unknown[]) => unknown;
type Method = 'writeHead' | 'write' | 'end' | 'flushHeaders' | 'addTrailers';

/**
 * Listens to a response where every way of answering ends: `writeHead`, `write` and `end`. What is sent to the client
 * is what the handler wrote, when it wrote it.
 */
export class Capture {
  readonly #res: ServerResponse;
  readonly #listener: CaptureListener;
  readonly #maxBytes: number;
  readonly #below: Readonly<Record<Method, AnyFunction>>;
  #state: 'before' | 'keep' | 'pass' | 'over' = 'before';
  /** `onHead` was asked for the head that is being sent. */
  #hasHead = false;
  #hasEnded = false;
  /** A call of what lies below is running, which may use the methods of the response itself. */
  #isBelow = false;
  #isSent = true;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #first: FirstPiece | undefined;
  /** The body, where `end` brings all of it with the head still open. */
  #whole: Buffer | undefined;

  constructor(res: ServerResponse, listener: CaptureListener, maxBytes: number) {
    this.#res = res;
    this.#listener = listener;
    this.#maxBytes = maxBytes;
    const bind = (method: unknown): AnyFunction => (method as AnyFunction).bind(res);
    this.#below = {
      writeHead: bind(res.writeHead),
      write: bind(res.write),
      end: bind(res.end),
      flushHeaders: bind(res.flushHeaders),
      addTrailers: bind(res.addTrailers),
    };
    res.writeHead = ((...args: unknown[]) => this.#writeHead(args)) as typeof res.writeHead;
    res.write = ((...args: unknown[]) => this.#write(args)) as typeof res.write;
    res.end = ((...args: unknown[]) => this.#end(args)) as typeof res.end;
    res.flushHeaders = () => {
      this.#first ??= { chunk: '', encoding: undefined, by: 'flush' };
      this.#send('flushHeaders', []);
    };
    res.addTrailers = (trailers) => {
      this.giveUp('trailer');
      this.#below.addTrailers(trailers);
    };
    // After a disconnect a handler may send a shortened but well-formed body, such as `{ results: [] }`: it is never
    // stored. A destroyed response has no end at all.
    res.once('close', () => this.giveUp('aborted'));
  }

  /** Stops capturing: the response will not be stored, and goes on as it is. */
  giveUp(reason: Reason): void {
    if (this.#state === 'over') return;
    const hasPassed = this.#state === 'pass';
    this.#state = 'over';
    this.#chunks = [];
    if (!hasPassed) this.#listener.onEnd({ kind: 'lost', reason }); // `pass` had its answer with the head
  }

  #writeHead(args: unknown[]): unknown {
    if (this.#hasHead || this.#res.headersSent) return this.#send('writeHead', args);
    const rest = takeHead(this.#res, args);
    if (typeof rest[1] === 'string') this.#res.statusMessage = rest[1];
    this.#hasHead = true;
    this.#decide();
    const message = this.#isSent ? rest.slice(1) : []; // that of a 200
    const result = judgeAfterHooks(
      this.#res,
      () => this.#judgeAgain(),
      () => this.#send('writeHead', [this.#res.statusCode, ...message]),
    );
    if (this.#hasEnded) this.#finish(); // what lies below had put the end off
    return result;
  }

  #write(args: unknown[]): unknown {
    if (this.#isBelow || this.#hasEnded) return this.#below.write(...args);
    // The head first, and with it the decision: below it would be written by itself.
    const isHeadOpen = this.#state !== 'over' && !this.#hasHead && !this.#res.headersSent;
    if (isHeadOpen && isChunk(args[0])) this.#res.writeHead(this.#res.statusCode);
    this.#keep(args);
    if (!this.#isSent) return withoutBody(args);
    this.#first ??= { chunk: args[0], encoding: args[1], by: 'write' };
    const isTaken = this.#send('write', args);
    // A client that reads slowly does not delay the requests that wait: what is kept is bounded, and Node holds what
    // the client has not read.
    return this.#state === 'keep' || isTaken;
  }

  #end(args: unknown[]): unknown {
    if (this.#isBelow || this.#hasEnded) return this.#below.end(...args);
    const isHeadOpen = !this.#hasHead && !this.#res.headersSent;
    if (this.#state === 'before' && isHeadOpen && isLastChunk(args[0])) {
      this.#whole = bufferOf(args);
      if (this.#listener.mayWithhold) closeHead(this.#res, args);
    } else this.#keep(args);
    this.#first ??= { chunk: args[0], encoding: args[1], by: 'end' };
    const rest = this.#isSent ? args : args.filter((argument) => typeof argument === 'function');
    const result = this.#send('end', rest);
    this.#hasEnded = true;
    if (this.#hasHead || this.#res.headersSent) this.#finish();
    return result;
  }

  /** What throws was not sent: what comes after it is another answer. */
  #send(method: Method, args: unknown[]): unknown {
    const call = () => this.#below[method](...args);
    const wasBelow = this.#isBelow;
    try {
      this.#isBelow = method !== 'writeHead';
      return method === 'write' ? call() : this.#listener.outside(call);
    } catch (error) {
      if (this.#state !== 'before') this.giveUp('uncacheable');
      if (!this.#res.headersSent) {
        this.#hasHead = false;
        this.#isSent = true;
      }
      throw error;
    } finally {
      this.#isBelow = wasBelow;
    }
  }

  #decide(): void {
    const { isKept, isSent } = this.#listener.onHead(this.#whole);
    this.#isSent = isSent;
    if (this.#state !== 'before') return;
    this.#state = isKept ? 'keep' : 'pass';
    if (this.#whole && isKept) this.#add(this.#whole);
  }

  #judgeAgain(): void {
    if (this.#state !== 'keep' || this.#listener.afterHooks(this.#whole)) return;
    this.#state = 'pass';
    this.#chunks = [];
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
      this.#listener.onEnd({ kind: 'whole', body: Buffer.concat(this.#chunks), first: this.#first });
      this.#chunks = [];
    } else this.giveUp('uncacheable'); // its head was sent before its route
    this.#listener.onOver();
  }
}

/** A write of which nothing is sent: as to a response without a body. */
function withoutBody(args: readonly unknown[]): true {
  const done = args.find((argument) => typeof argument === 'function') as (() => void) | undefined;
  if (done) process.nextTick(done);
  return true;
}

/** A copy: the handler may reuse the memory of a chunk that it wrote. */
function bufferOf([chunk, encoding]: unknown[]): Buffer {
  if (typeof chunk === 'string') {
    return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
  }
  return chunk instanceof Uint8Array ? Buffer.from(chunk) : Buffer.alloc(0);
}
