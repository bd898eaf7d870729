import type { IncomingHttpHeaders } from 'node:http';
import type { Request, Response } from 'express';
import { type CacheOutcome, cacheStatus } from './cache-status.ts';
import { Capture, type CaptureListener, type Ending } from './capture.ts';
import { isNotModified } from './conditional.ts';
import { allowsStale, parseAge } from './freshness.ts';
import { addedHeaders, appendTo, type HeaderMap, type HeaderPairs, headersOf, textOf } from './headers.ts';
import { formatHttpDate } from './http-date.ts';
import type { NarrowRequest } from './narrow-request.ts';
import type { RoutePolicy } from './options.ts';
import { responseFacts } from './response-facts.ts';
import { canBeKept, givenTags, headerTags, hideTags, removeTags } from './response-tags.ts';
import { markNotModified } from './send-stored.ts';
import {
  freshForMs,
  isComplete,
  isStorable,
  type Reason,
  type ResponseFacts,
  refuse,
  type Verdict,
} from './storable.ts';
import { etagOf, type StoredResponse } from './stored-response.ts';

export type RunOutcome =
  | { readonly kind: 'storable'; readonly response: StoredResponse }
  | { readonly kind: 'refused'; readonly reason: Reason; readonly status: number };

export interface HandlerRunParts {
  readonly policy: RoutePolicy;
  readonly req: Request;
  readonly res: Response;
  readonly narrow: NarrowRequest;
  /** The headers of the client, which the handler does not see. */
  readonly clientHeaders: IncomingHttpHeaders;
  /** `undefined`: this run leads, and its response may be stored. Else how the cache says that it did not. */
  readonly outcome: CacheOutcome | undefined;
  readonly onSettled: (outcome: RunOutcome) => void;
}

/** One run of the handler: what it answers goes to its client as it comes, and is stored if it may be. */
export class HandlerRun implements CaptureListener {
  readonly #parts: HandlerRunParts;
  readonly #before: HeaderMap;
  readonly #stopTimer: () => void;
  /** What is stored, but for the body. */
  #head: Omit<StoredResponse, 'body'> | undefined;
  #facts: ResponseFacts | undefined;
  /** The headers that this cache put on a response that may be stored. */
  #added: readonly string[] = [];
  #isSettled = false;

  constructor(parts: HandlerRunParts) {
    this.#parts = parts;
    const { res, policy } = parts;
    this.#before = headersOf(res);
    hideTags(res); // where nobody looks at the head any more, after the timeout
    const capture = new Capture(res, this, policy.maxBodyBytes);
    this.#stopTimer = policy.clock.after(policy.timeoutMs, () => capture.giveUp('timeout'), { background: true });
  }

  onHead(whole: Buffer | undefined): 'keep' | 'pass' | 'not-modified' {
    const { res, outcome } = this.#parts;
    const status = res.statusCode;
    try {
      const tags = this.#takeTags();
      if (outcome) {
        this.#say(outcome);
        this.#settle({ kind: 'refused', reason: 'uncacheable', status });
        return 'pass';
      }
      return this.#judge(status, tags, whole);
    } catch (error) {
      this.#parts.policy.cache.logger.warn({ err: error }, 'a response is not stored: looking at it failed');
      this.#say({ kind: 'forward', why: 'bypass', detail: 'uncacheable' });
      this.#settle({ kind: 'refused', reason: 'uncacheable', status });
      return 'pass';
    }
  }

  outside<T>(call: () => T): T {
    return this.#parts.narrow.outside(call);
  }

  onEnd(ending: Ending): void {
    const { res } = this.#parts;
    const status = this.#head?.status ?? res.statusCode;
    if (ending.kind === 'lost') {
      if (!res.headersSent) for (const name of this.#added) res.removeHeader(name); // the next answer is another
      this.#settle({ kind: 'refused', reason: ending.reason, status });
    } else if (!this.#head || ![status, 304].includes(res.statusCode)) {
      this.#settle({ kind: 'refused', reason: 'status', status: res.statusCode }); // an error page at the end of what had begun well
    } else if (!isComplete(ending.body.length, this.#facts?.declaredBytes)) {
      this.#settle({ kind: 'refused', reason: 'truncated', status });
    } else {
      const { headers } = this.#head;
      const hasEtag = status !== 200 || headers.some(([name]) => name === 'etag');
      const complete = hasEtag ? headers : [...headers, ['etag', etagOf(ending.body)] as const];
      this.#settle({ kind: 'storable', response: { ...this.#head, headers: complete, body: ending.body } });
    }
  }

  onOver(): void {
    this.#parts.narrow.restore();
  }

  #judge(status: number, tags: readonly string[], whole: Buffer | undefined): 'keep' | 'pass' | 'not-modified' {
    const { res, policy, clientHeaders } = this.#parts;
    const nowMs = policy.clock.epoch();
    const headers = headersOf(res);
    const facts = responseFacts(status, this.#before, headers);
    this.#facts = facts;
    const verdict = this.#verdict(facts, tags, whole, nowMs);
    const miss = { kind: 'miss', isUriKnown: policy.vary.size === 0, status, isStored: verdict.allowed } as const;
    if (!verdict.allowed) {
      this.#say({ ...miss, detail: verdict.reason });
      this.#settle({ kind: 'refused', reason: verdict.reason, status });
      return 'pass';
    }
    appendTo(res, 'vary', policy.clientVary);
    if (!headers.has('cache-control') && !headers.has('expires')) {
      res.setHeader('cache-control', policy.clientCacheControl);
      appendTo(res, 'vary', policy.reuseVary);
    }
    if (whole && status === 200 && !headers.has('etag')) res.setHeader('etag', etagOf(whole));
    const complete = headersOf(res);
    this.#added = ['cache-status', ...[...complete.keys()].filter((name) => !headers.has(name))];
    const generatedAtMs = nowMs - parseAge(facts.age) * 1000;
    this.#head = {
      status,
      headers: dated(
        [...removedHeaders(this.#before, complete), ...addedHeaders(this.#before, complete)],
        generatedAtMs,
      ),
      generatedAtMs,
      freshForMs: freshForMs(facts, policy, nowMs) + parseAge(facts.age) * 1000,
      allowsStale: allowsStale(facts),
      tags,
    };
    this.#say(miss);
    const validators = { etag: textOf(complete, 'etag'), lastModified: textOf(complete, 'last-modified') };
    if (!whole || status !== 200 || !isNotModified(clientHeaders, validators, nowMs)) return 'keep';
    markNotModified(res);
    return 'not-modified';
  }

  #verdict(facts: ResponseFacts, tags: readonly string[], whole: Buffer | undefined, nowMs: number): Verdict {
    const { policy } = this.#parts;
    const verdict = isStorable(facts, policy, nowMs);
    if (!verdict.allowed) return verdict;
    if (!canBeKept(tags)) return refuse('tags');
    return whole && whole.length > policy.maxBodyBytes ? refuse('too-large') : verdict;
  }

  /** The tags that the handler gave, which are for the cache and not for clients. */
  #takeTags(): readonly string[] {
    const { req, res, policy } = this.#parts;
    const headers = headersOf(res);
    const named = headerTags(textOf(headers, 'surrogate-key'), textOf(headers, 'cache-tag'));
    removeTags(res);
    return [...new Set([...named, ...givenTags(policy.tags?.(req, res))])];
  }

  #say(outcome: CacheOutcome): void {
    const { res, policy } = this.#parts;
    appendTo(res, 'cache-status', [cacheStatus(policy.name, outcome)]);
  }

  #settle(outcome: RunOutcome): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#stopTimer();
    this.#parts.onSettled(outcome);
  }
}

/** What the handler took away, as fields without a value: a hit takes them away too. */
function removedHeaders(before: HeaderMap, now: HeaderMap): HeaderPairs {
  return [...before.keys()].filter((name) => !now.has(name)).map((name) => [name, []] as const);
}

/** Node adds the date only as it writes the head. RFC 9110 §6.6.1 */
function dated(headers: HeaderPairs, generatedAtMs: number): HeaderPairs {
  const hasDate = headers.some(([name]) => name === 'date');
  return hasDate ? headers : [...headers, ['date', formatHttpDate(generatedAtMs)]];
}
