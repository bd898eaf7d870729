import type { IncomingHttpHeaders } from 'node:http';
import type { Request, Response } from 'express';
import { etagOf, etagOfSent } from './app-etag.ts';
import { type CacheOutcome, cacheStatus } from './cache-status.ts';
import { Capture, type CaptureListener, type Ending, type HeadDecision } from './capture.ts';
import { isConditional } from './conditional.ts';
import { EchoFinder } from './echo-finder.ts';
import { allowsStale, parseAge } from './freshness.ts';
import { asSent, textAsSent } from './head-on-the-wire.ts';
import { appendTo, type HeaderMap, type HeaderPairs, headersOf, namesAsSet, textOf } from './headers.ts';
import { type Hold, isTakenOver } from './hold.ts';
import { lateHead } from './late-head.ts';
import type { NarrowRequest } from './narrow-request.ts';
import type { RoutePolicy } from './options.ts';
import { OwnFields } from './own-fields.ts';
import { responseFacts } from './response-facts.ts';
import { canBeKept, hideTags } from './response-tags.ts';
import { isServedByNode } from './server-of.ts';
import {
  freshForMs,
  isComplete,
  isStorable,
  type Reason,
  type ResponseFacts,
  refuse,
  type Verdict,
} from './storable.ts';
import { storedHeaders } from './stored-headers.ts';
import { isNamed, type StoredResponse } from './stored-response.ts';
import { takeTags } from './taken-tags.ts';
import { withholdBody } from './without-body.ts';

export type RunOutcome =
  | { readonly kind: 'storable'; readonly response: StoredResponse }
  | { readonly kind: 'refused'; readonly reason: Reason; readonly status: number };

export interface HandlerRunParts {
  readonly policy: RoutePolicy;
  readonly req: Request;
  readonly res: Response;
  readonly hold: Hold;
  readonly narrow: NarrowRequest;
  /** The headers of the client, which the handler does not see. */
  readonly clientHeaders: IncomingHttpHeaders;
  /** `undefined`: this run leads, and its response may be stored. Else how the cache says that it did not. */
  readonly outcome: CacheOutcome | undefined;
  readonly onSettled: (outcome: RunOutcome) => void;
}

/** A head that may be stored, and what is needed to judge it once more. */
interface Head {
  readonly stored: Omit<StoredResponse, 'body'>;
  readonly facts: ResponseFacts;
  /** As the handler left its fields. */
  readonly headers: HeaderMap;
  /** As it was given to what lies below. */
  readonly sent: HeaderMap;
  readonly sentStatus: number;
}

const PASS: HeadDecision = { isKept: false, isSent: true };

/** One run of the handler: what it answers goes to its client as it comes, and is stored if it may be. */
export class HandlerRun implements CaptureListener {
  readonly mayWithhold: boolean;
  readonly #parts: HandlerRunParts;
  readonly #before: HeaderMap;
  readonly #messageBefore: string;
  readonly #echoes: EchoFinder;
  readonly #own: OwnFields;
  readonly #capture: Capture;
  readonly #stopTimer: () => void;
  #head: Head | undefined;
  /** The head of the response after all hooks. */
  #late: HeaderMap | undefined;
  #lostFor: Reason = 'uncacheable';
  #isSettled = false;
  /** Whatever answers now sees the request as it came, which the key does not cover. */
  #hasLeft = false;

  constructor(parts: HandlerRunParts) {
    this.#parts = parts;
    const { res, policy, clientHeaders, outcome } = parts;
    this.mayWithhold = outcome === undefined && isConditional(clientHeaders);
    this.#before = headersOf(res);
    this.#messageBefore = res.statusMessage;
    this.#echoes = new EchoFinder(policy, clientHeaders);
    this.#own = new OwnFields(res);
    hideTags(res); // where no hook of the head runs any more
    const capture = new Capture(res, this, policy.maxBodyBytes);
    this.#capture = capture;
    this.#stopTimer = policy.clock.after(policy.timeoutMs, () => capture.giveUp('timeout'), { background: true });
  }

  /**
   * The request goes on to another route or an error handler. Its response is judged by its status alone, and never
   * stored.
   */
  leave(): void {
    this.#hasLeft = true;
    this.#parts.hold.isReleased = true;
    this.#parts.narrow.restore();
    if (this.#head) this.#capture.giveUp('passed-on');
  }

  /** The client has left. What its handler says from here on may be cut short, and is never stored. */
  abort(): void {
    this.#capture.giveUp('aborted');
    this.#parts.narrow.restore();
  }

  onHead(whole: Buffer | undefined): HeadDecision {
    const { req, res, policy, hold, outcome } = this.#parts;
    const status = res.statusCode;
    try {
      // The handler answered by what it saw, whatever becomes of its answer: caches behind must keep such answers
      // apart.
      appendTo(res, 'Vary', policy.clientVary);
      if (this.#hasLeft && isTakenOver(req, hold)) {
        this.#refuse('passed-on', status);
        return PASS;
      }
      if (this.#isSettled) {
        this.#say(outcome ?? this.#missOf(status, refuse(this.#lostFor)));
        return PASS;
      }
      const tags = takeTags(req, res, policy);
      if (!outcome) return this.#judge(status, tags, whole);
      this.#say(outcome);
    } catch (error) {
      policy.cache.logger.warn({ err: error }, 'a response is not stored: looking at it failed');
      this.#own.takeBack();
      this.#say({ kind: 'forward', why: 'bypass', detail: 'uncacheable' });
    }
    this.#refuse('uncacheable', status);
    return PASS;
  }

  afterHooks(whole: Buffer | undefined): boolean {
    const { res } = this.#parts;
    const head = this.#head;
    if (!head) return true;
    const { status } = head.stored;
    this.#late = headersOf(res);
    const verdict = this.#lateVerdict(head, this.#late, whole);
    if (verdict.allowed) return true;
    this.#head = undefined;
    if (!res.headersSent) {
      this.#own.takeBack(); // with a `public` of ours caches behind would store what this one may not
      this.#say(this.#missOf(status, verdict));
    }
    this.#refuse(verdict.reason, status);
    return false;
  }

  outside<T>(call: () => T): T {
    return this.#parts.narrow.outside(call);
  }

  onEnd(ending: Ending): void {
    const { res } = this.#parts;
    const head = this.#head;
    const status = head?.stored.status ?? res.statusCode;
    if (ending.kind === 'lost') {
      if (!res.headersSent) this.#own.takeBack(); // the next answer is another
      this.#refuse(ending.reason, status);
    } else if (!head || head.sentStatus !== res.statusCode) {
      this.#refuse('status', res.statusCode); // an error page at the end of what had begun well
    } else if (this.#parts.narrow.read !== undefined) {
      this.#refuse('client', status); // since its head was judged
    } else if (!isComplete(ending.body.length, head.facts.declaredBytes)) {
      this.#refuse('truncated', status);
    } else this.#keep(head.stored, ending);
  }

  onOver(): void {
    this.#parts.narrow.restore();
  }

  #judge(status: number, tags: readonly string[], whole: Buffer | undefined): HeadDecision {
    const { res, policy } = this.#parts;
    const nowMs = policy.clock.epoch();
    const headers = headersOf(res);
    const facts = responseFacts(status, this.#before, headers);
    const verdict = this.#verdict(facts, tags, whole, nowMs);
    if (verdict.allowed) this.#describe(status, headers, whole);
    const complete = headersOf(res);
    const names = namesAsSet(res);
    const statusMessage = res.statusMessage === this.#messageBefore ? '' : String(res.statusMessage);
    this.#say(this.#missOf(status, verdict));
    const isSent = !this.#withhold(status, complete, nowMs);
    if (!verdict.allowed) {
      this.#refuse(verdict.reason, status);
      return { isKept: false, isSent };
    }
    const generatedAtMs = nowMs - parseAge(facts.age) * 1000;
    const stored = {
      status,
      statusMessage,
      headers: storedHeaders({ before: this.#before, complete, names, generatedAtMs, hasDate: res.sendDate }),
      generatedAtMs,
      freshForMs: freshForMs(facts, policy, nowMs) + parseAge(facts.age) * 1000,
      allowsStale: allowsStale(facts),
      echoes: [],
      tags,
    };
    this.#head = { stored, facts, headers, sent: headersOf(res), sentStatus: res.statusCode };
    return { isKept: true, isSent };
  }

  #verdict(facts: ResponseFacts, tags: readonly string[], whole: Buffer | undefined, nowMs: number): Verdict {
    const { policy } = this.#parts;
    const verdict = isStorable(facts, policy, nowMs);
    if (!verdict.allowed) return verdict;
    if (this.#hasLeft) return refuse('passed-on');
    if (!canBeKept(tags)) return refuse('tags');
    return whole && whole.length > policy.maxBodyBytes ? refuse('too-large') : verdict;
  }

  /** Adds what a response that may be stored is sent with, where its handler did not say it. */
  #describe(status: number, headers: HeaderMap, whole: Buffer | undefined): void {
    const { res, policy } = this.#parts;
    if (!headers.has('cache-control') && !headers.has('expires')) {
      this.#own.set('Cache-Control', policy.clientCacheControl);
      appendTo(res, 'Vary', policy.reuseVary);
    }
    const etag = whole && status === 200 && !headers.has('etag') ? etagOf(res, whole) : undefined;
    if (etag !== undefined) this.#own.set('ETag', etag);
  }

  /** Answers with 304 or 412 where the client's conditions, which the handler does not see, ask for it. */
  #withhold(status: number, headers: HeaderMap, nowMs: number): boolean {
    const { res, clientHeaders } = this.#parts;
    if (!this.mayWithhold || this.#hasLeft || status !== 200) return false;
    const validators = { etag: textOf(headers, 'etag'), lastModified: textOf(headers, 'last-modified') };
    return withholdBody(res, clientHeaders, validators, nowMs);
  }

  /** What hooks below made of a head: a session may have added its cookie, and a body may hold a nonce of theirs. */
  #lateVerdict(
    { headers, sent, sentStatus, facts, stored }: Head,
    late: HeaderMap,
    whole: Buffer | undefined,
  ): Verdict {
    const { res, policy, narrow } = this.#parts;
    if (res.statusCode !== sentStatus) return refuse('status');
    const seen = lateHead(headers, sent, late);
    if (seen) {
      const { isEncoded, declaredBytes } = facts; // compression below makes others
      const lateFacts = { ...responseFacts(stored.status, this.#before, seen), isEncoded, declaredBytes };
      const verdict = isStorable(lateFacts, policy, policy.clock.epoch());
      if (!verdict.allowed) return verdict;
    }
    if (narrow.read !== undefined) return refuse('client');
    return whole ? this.#findEchoes(stored, whole) : { allowed: true };
  }

  #findEchoes({ headers: fields }: Pick<StoredResponse, 'headers'>, body: Uint8Array): ReturnType<EchoFinder['find']> {
    const late = this.#late ?? headersOf(this.#parts.res);
    const encoding = fields.find(([name]) => isNamed(name, 'content-encoding'))?.[1];
    return this.#echoes.find({ body, encoding: encoding?.toString(), before: this.#before, late, fields });
  }

  #keep(head: Head['stored'], { body, first }: Extract<Ending, { kind: 'whole' }>): void {
    const { req, res, policy } = this.#parts;
    const found = this.#findEchoes(head, body);
    if (!found.allowed) return this.#refuse(found.reason, head.status);
    const hasEtag = head.status !== 200 || head.headers.some(([name]) => isNamed(name, 'etag'));
    const etag = hasEtag ? undefined : etagOfSent(res, body, policy.cache.logger);
    const headers: HeaderPairs = etag === undefined ? head.headers : [...head.headers, ['ETag', etag]];
    const sent = isServedByNode(req) && {
      headers: asSent(headers, res, first),
      statusMessage: textAsSent(head.statusMessage, res, first),
    };
    const { echoes } = found;
    this.#settle({ kind: 'storable', response: { ...head, headers, ...sent, echoes, body } });
  }

  #missOf(status: number, verdict: Verdict): CacheOutcome {
    const miss = { kind: 'miss', isUriKnown: this.#parts.policy.vary.size === 0, status } as const;
    return verdict.allowed ? { ...miss, isStored: true } : { ...miss, isStored: false, detail: verdict.reason };
  }

  #say(outcome: CacheOutcome): void {
    this.#own.append('Cache-Status', [cacheStatus(this.#parts.policy.name, outcome)]);
  }

  #refuse(reason: Reason, status: number): void {
    this.#lostFor = reason;
    this.#settle({ kind: 'refused', reason, status });
  }

  #settle(outcome: RunOutcome): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#stopTimer();
    this.#parts.onSettled(outcome);
  }
}
