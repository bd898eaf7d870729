import type { Clock } from '@huntly/cache-core';
import type { RedisClient } from './connection/client.ts';
import type { Backoff } from './connection/ioredis-options.ts';
import { codeOf } from './redaction.ts';
import { setImmediate } from './timers.ts';

/**
 * down → arming → up → suspect → down. `suspect`: a PING is overdue, but the bound is not over. `provenAt`: when the
 * last PING was sent that was answered, so that everything before it has arrived.
 */
export type LinkState =
  | { readonly state: 'down'; readonly reason: string }
  | { readonly state: 'arming' }
  | { readonly state: 'up'; readonly provenAt: number }
  | { readonly state: 'suspect'; readonly provenAt: number };

export interface LinkParts {
  /** A connection of its own, RESP2, that is not connected yet. */
  readonly client: RedisClient;
  readonly prefixes: readonly string[];
  readonly heartbeatMs: number;
  readonly clock: Clock;
  /** Before a server that would not be armed is tried again. */
  readonly backoff: Backoff;
  /** Rejects if this is not the server that values are read from. Asked before each arming, over both connections. */
  readonly checkSame: () => Promise<void>;
  /** Rejects if this server must not be listened to any more: see `checkServing`. */
  readonly check: () => Promise<void>;
  readonly onMessage: (keys: readonly Buffer[] | null) => void;
  readonly onState: () => void;
}

/** The bound is so many heartbeats. */
export const BEATS = 3;
/** Why a link is down that has not been ready yet. */
export const CONNECTING = 'connecting';
const CHANNEL = '__redis__:invalidate';

/** The announcements of one server: `CLIENT TRACKING … BCAST` redirected to the connection itself. */
export class TrackingLink {
  readonly #parts: LinkParts;
  readonly #boundMs: number;
  #state: LinkState = { state: 'down', reason: CONNECTING };
  /** Counts connections: what belongs to an earlier one comes too late. */
  #session = 0;
  #isClosed = false;
  #cancelBeat = () => {};
  /** When each PING was sent that is not answered yet. They are answered in order. */
  #unanswered: number[] = [];
  #lastError: string | undefined;
  /** Times that it could not be armed, since it was. */
  #failures = 0;

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.#boundMs = parts.heartbeatMs * BEATS;
    const { client } = parts;
    client.on('ready', () => void this.#arm());
    client.on('error', (error) => {
      this.#lastError = codeOf(error);
    });
    client.on('close', () => this.#lost(this.#lastError ?? 'reconnecting'));
    client.on('end', () => this.#lost(this.#lastError ?? 'closed'));
    client.on('messageBuffer', (_channel, keys) => this.#heard(keys));
    client.connect?.().catch(() => undefined); // the events tell the same
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Until when nothing can have been missed for longer than the bound. */
  get trustedUntil(): number {
    return 'provenAt' in this.#state ? this.#state.provenAt + this.#boundMs : Number.NEGATIVE_INFINITY;
  }

  /**
   * Resolves when everything announced before has arrived: it travels on the same connection, so the answer comes after
   * it.
   */
  async ping(): Promise<void> {
    const session = this.#session;
    const sentAt = this.#parts.clock.now();
    this.#unanswered.push(sentAt);
    await this.#parts.client.ping();
    if (session !== this.#session) throw new Error('the connection was lost');
    this.#unanswered.shift();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#end();
    this.#parts.client.disconnect();
  }

  /** On every new connection: its id is another one, and the server has forgotten what it tracked for the old one. */
  async #arm(): Promise<void> {
    if (this.#isClosed) return;
    this.#end();
    const session = this.#session;
    const { client, prefixes, checkSame } = this.#parts;
    this.#lastError = undefined;
    this.#set({ state: 'arming' });
    try {
      await checkSame(); // first: a subscriber may not send INFO
      if (session !== this.#session) return;
      const id = await client.call('CLIENT', 'ID');
      const wanted = prefixes.flatMap((prefix) => ['PREFIX', prefix]);
      await client.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', String(id), 'BCAST', ...wanted);
      await client.subscribe(CHANNEL); // last: a subscriber of RESP2 may not send CLIENT
      await this.#prove(session);
      this.#failures = 0;
      this.#beatLater(session);
    } catch (error) {
      if (session !== this.#session) return; // its end was noticed already
      if (isRefusal(error)) this.#lost('TRACKING');
      else this.#tryLater(codeOf(error));
    }
  }

  /** Over a new connection: on this one, something may be armed already. */
  #tryLater(reason: string): void {
    this.#lost(reason);
    this.#lastError = reason; // what its end is about
    const again = () => this.#reconnect();
    this.#cancelBeat = this.#parts.clock.after(this.#parts.backoff(++this.#failures), again, { background: true });
  }

  /** A server that answers and does not serve any more is down, and up again, with a new epoch, once it does. */
  async #prove(session: number): Promise<void> {
    const sentAt = this.#parts.clock.now();
    const checking = this.#parts.check().then(() => undefined, codeOf);
    await this.ping();
    const obstacle = await checking;
    if (session !== this.#session) return;
    if (obstacle !== undefined) return this.#set({ state: 'down', reason: obstacle });
    const provenAt = 'provenAt' in this.#state ? Math.max(this.#state.provenAt, sentAt) : sentAt;
    this.#set({ state: 'up', provenAt });
  }

  #beatLater(session: number): void {
    if (session !== this.#session) return;
    const beat = () => void this.#beat(session);
    this.#cancelBeat = this.#parts.clock.after(this.#parts.heartbeatMs, beat, { background: true });
  }

  async #beat(session: number): Promise<void> {
    if (this.#silentMs() >= this.#boundMs) await twoTurns(); // this process may have been busy: the answer may lie in the socket
    if (session !== this.#session) return;
    if (this.#silentMs() >= this.#boundMs) {
      this.#lost('silent');
      return this.#reconnect();
    }
    if (this.#silentMs() > 0 && 'provenAt' in this.#state) {
      this.#set({ state: 'suspect', provenAt: this.#state.provenAt });
    }
    this.#beatLater(session);
    await this.#prove(session).catch(() => undefined); // a PING without an answer is silence, and the next beat sees that
  }

  /** For how long the oldest PING under way has been waiting. */
  #silentMs(): number {
    const [oldest] = this.#unanswered;
    return oldest === undefined ? 0 : this.#parts.clock.now() - oldest;
  }

  #heard(keys: unknown): void {
    if (!this.#isClosed) this.#parts.onMessage(keys as readonly Buffer[] | null);
  }

  #lost(reason: string): void {
    if (this.#isClosed) return;
    this.#end();
    this.#set({ state: 'down', reason });
  }

  #end(): void {
    this.#session++;
    this.#unanswered = [];
    this.#cancelBeat();
  }

  #reconnect(): void {
    if (!this.#isClosed) this.#parts.client.disconnect(true);
  }

  #set(state: LinkState): void {
    this.#state = state;
    this.#parts.onState();
  }
}

/**
 * Will this server never do this for this user? It does not know a command, or does not allow it. Everything else
 * passes, such as `LOADING`, `MASTERDOWN` or `BUSY`.
 */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return false;
  return /^NOPERM\b|^ERR .*\b(unknown|unsupported|not supported|syntax error|wrong number of arguments)\b/i.test(
    error.message,
  );
}

/** Time for what has arrived to be read. */
function twoTurns(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
