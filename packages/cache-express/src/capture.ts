import type { ServerResponse } from 'node:http';
import { setAll } from './headers.ts';
import type { Reason } from './storable.ts';

/** How a response ended. */
export type Ending =
  | { readonly kind: 'whole'; readonly body: Buffer; readonly isClientGone: boolean }
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
  #isClientGone = false;

  constructor(res: ServerResponse, listener: CaptureListener, maxBytes: number) {
    this.#res = res;
    this.#listener = listener;
    this.#maxBytes = maxBytes;
    const bind = (method: unknown): AnyFunction => (method as AnyFunction).bind(res);
    this.#below = { writeHead: bind(res.writeHead), write: bind(res.write), end: bind(res.end) };
    res.writeHead = ((...args: unknown[]) => this.#writeHead(args)) as typeof res.writeHead;
    res.write = ((...args: unknown[]) => this.#write(args)) as typeof res.write;
    res.end = ((...args: unknown[]) => this.#end(args)) as typeof res.end;
    res.once('close', () => this.#close());
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
    if (this.#state === 'before' && !this.#res.headersSent) {
      const [status, second, third] = args;
      const hasMessage = typeof second === 'string';
      this.#res.statusCode = Number(status);
      setAll(this.#res, hasMessage ? third : (second ?? third));
      this.#decide(undefined);
      return this.#listener.outside(() => this.#below.writeHead(this.#res.statusCode, ...(hasMessage ? [second] : [])));
    }
    return this.#listener.outside(() => this.#below.writeHead(...args));
  }

  #write(args: unknown[]): unknown {
    // The head first, and with it the decision: below it would be written by itself.
    if (this.#state === 'before' && !this.#res.headersSent) this.#res.writeHead(this.#res.statusCode);
    this.#keep(args);
    return this.#below.write(...args);
  }

  #end(args: unknown[]): unknown {
    const isHeadOpen = this.#state === 'before' && !this.#res.headersSent;
    const whole = isHeadOpen ? bufferOf(args) : undefined;
    if (whole && this.#decide(whole) === 'not-modified') {
      const callback = args.find((argument) => typeof argument === 'function');
      const result = this.#listener.outside(() => this.#below.end(...(callback ? [callback] : [])));
      this.#finish();
      return result;
    }
    if (!whole) this.#keep(args);
    const result = this.#listener.outside(() => this.#below.end(...args));
    this.#finish();
    return result;
  }

  #decide(whole: Buffer | undefined): 'keep' | 'pass' | 'not-modified' {
    const decision = this.#listener.onHead(whole);
    this.#state = decision === 'pass' ? 'pass' : 'keep';
    if (whole && this.#state === 'keep') this.#add(whole);
    return decision;
  }

  #keep(args: unknown[]): void {
    if (this.#state !== 'keep') return;
    const chunk = bufferOf(args);
    this.#add(chunk);
  }

  #add(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes) this.giveUp('too-large');
    else if (chunk.length > 0) this.#chunks.push(chunk);
  }

  #finish(): void {
    if (this.#state === 'keep') {
      this.#state = 'over';
      this.#listener.onEnd({ kind: 'whole', body: Buffer.concat(this.#chunks), isClientGone: this.#isClientGone });
      this.#chunks = [];
    }
    this.#listener.onOver();
  }

  /** A handler that has not begun to answer may still do so. One that was writing cannot be told from one that was cut off. */
  #close(): void {
    this.#isClientGone = true;
    if (this.#state === 'keep') this.giveUp('aborted');
  }
}

/** A copy: whoever wrote a chunk may use its memory again. */
function bufferOf([chunk, encoding]: unknown[]): Buffer {
  if (typeof chunk === 'string') {
    return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
  }
  return chunk instanceof Uint8Array ? Buffer.from(chunk) : Buffer.alloc(0);
}
