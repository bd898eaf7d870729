import { type CacheControl, mentions } from './cache-control.ts';
import { allowedMs, type LifetimeFacts } from './freshness.ts';

/** Why a response is not stored, or a request not answered from the cache. A token: it stands in `Cache-Status`. */
export type Reason =
  | 'aborted'
  | 'body'
  | 'cache-control'
  | 'client'
  | 'credentials'
  | 'disabled'
  | 'encoding'
  | 'identity'
  | 'lifetime'
  | 'malformed'
  | 'method'
  | 'nonce'
  | 'partial'
  | 'passed-on'
  | 'protocol'
  | 'route'
  | 'set-cookie'
  | 'status'
  | 'stream'
  | 'tags'
  | 'timeout'
  | 'too-large'
  | 'trailer'
  | 'truncated'
  | 'uncacheable'
  | 'variants'
  | 'vary';

/** These say something about one client, not about the response. */
export const PERSONAL: ReadonlySet<Reason> = new Set<Reason>(['aborted', 'truncated']);

export type Verdict = { readonly allowed: true } | { readonly allowed: false; readonly reason: Reason };

const ALLOW: Verdict = { allowed: true };

export function refuse(reason: Reason): Verdict {
  return { allowed: false, reason };
}

/** What a response shows before its body. */
export interface ResponseFacts extends LifetimeFacts {
  readonly status: number;
  readonly hasSetCookie: boolean;
  readonly hasContentRange: boolean;
  /** Fields that follow on the body, which a stored response has no place for. */
  readonly hasTrailer: boolean;
  readonly isEncoded: boolean;
  /** Is what the handler writes in another form than that which a hit sends? */
  readonly isTransferCoded: boolean;
  readonly isEventStream: boolean;
  /** Lower-case names of `Vary`. */
  readonly varies: readonly string[];
  readonly declaredBytes: number | undefined;
}

export interface StoragePolicy {
  /** `undefined`: only what the handler allows is stored, for as long as it allows. */
  readonly ttlMs: number | undefined;
  /** For 404 and 410; `undefined`: they are not stored. */
  readonly negativeTtlMs: number | undefined;
  /** Lower-case names of the request headers that are part of the key. */
  readonly keyedHeaders: ReadonlySet<string>;
  readonly maxBodyBytes: number;
}

/**
 * May this response be stored for others who ask the same? RFC 9111 §3, with the stricter defaults of `docs/http.md`.
 */
export function isStorable(facts: ResponseFacts, policy: StoragePolicy, nowMs: number): Verdict {
  if (facts.hasContentRange || facts.status === 206) return refuse('partial'); // §3.3
  if (!isStatusWanted(facts.status, policy)) return refuse('status');
  if (facts.cacheControl?.isMalformed) return refuse('malformed');
  if (forbids(facts.cacheControl)) return refuse('cache-control'); // §5.2.2.4, .5, .7
  if (facts.hasSetCookie) return refuse('set-cookie'); // P6; §7.3 leaves it to us
  if (facts.isEventStream) return refuse('stream');
  if (facts.hasTrailer) return refuse('trailer'); // RFC 9110 §6.5
  if (facts.isTransferCoded) return refuse('encoding'); // RFC 9112 §6.1: it belongs to the message, not to its content
  const vary = varyVerdict(facts, policy);
  if (!vary.allowed) return vary;
  if ((facts.declaredBytes ?? 0) > policy.maxBodyBytes) return refuse('too-large');
  return freshForMs(facts, policy, nowMs) > 0 ? ALLOW : refuse('lifetime');
}

/**
 * How long a storable response is fresh: the TTL of the route, tightened by what the handler allows. RFC 9111 §4.2.1
 */
export function freshForMs(facts: ResponseFacts, policy: StoragePolicy, nowMs: number): number {
  const routeMs = isNegative(facts.status) ? policy.negativeTtlMs : policy.ttlMs;
  return Math.min(routeMs ?? Number.POSITIVE_INFINITY, allowedMs(facts, nowMs) ?? routeMs ?? 0);
}

/** Is what the body holds all of it? RFC 9111 §3.3 */
export function isComplete(bytes: number, declaredBytes: number | undefined): boolean {
  return declaredBytes === undefined || declaredBytes === bytes;
}

function isStatusWanted(status: number, policy: StoragePolicy): boolean {
  return status === 200 || (isNegative(status) && policy.negativeTtlMs !== undefined);
}

function isNegative(status: number): boolean {
  return status === 404 || status === 410;
}

/** `no-cache` too: a copy that must be checked with the handler before each use saves nothing here. */
function forbids(control: CacheControl | undefined): boolean {
  return control !== undefined && ['no-store', 'private', 'no-cache'].some((name) => mentions(control, name));
}

/** A response may depend only on headers of the key. RFC 9111 §4.1 */
function varyVerdict({ varies, isEncoded }: ResponseFacts, { keyedHeaders }: StoragePolicy): Verdict {
  if (isEncoded && !keyedHeaders.has('accept-encoding')) return refuse('encoding');
  // A body without encoding suits all clients; a handler that cannot see the header cannot make another.
  const isKeyed = (name: string) => keyedHeaders.has(name) || name === 'accept-encoding';
  return varies.every(isKeyed) ? ALLOW : refuse('vary');
}
