import type { CacheControl } from './cache-control.ts';
import { parseCacheControl } from './cache-control.ts';
import { addedVary, type HeaderMap, isSame, listOf, textOf } from './headers.ts';
import type { ResponseFacts } from './storable.ts';

/** What the predicates need to know of a response whose headers were `before` when its handler began. */
export function responseFacts(status: number, before: HeaderMap, now: HeaderMap): ResponseFacts {
  const length = textOf(now, 'content-length');
  const encoding = textOf(now, 'content-encoding');
  // What is meant for caches like this one stands in place of what is meant for all. RFC 9213 §2.2
  const targeted = controlOf(now, 'cdn-cache-control');
  return {
    status,
    cacheControl: targeted ?? controlOf(now, 'cache-control') ?? controlOfPragma(now),
    expires: targeted ? undefined : textOf(now, 'expires'),
    date: textOf(now, 'date'),
    age: textOf(now, 'age'),
    hasSetCookie: !isSame(now.get('set-cookie'), before.get('set-cookie')),
    hasTrailer: now.has('trailer'),
    hasContentRange: now.has('content-range'),
    isEncoded: encoding !== undefined && encoding.toLowerCase() !== 'identity',
    // Chunks are what Node makes of it.
    isTransferCoded: listOf(textOf(now, 'transfer-encoding')).some((coding) => coding !== 'chunked'),
    isEventStream: textOf(now, 'content-type')?.toLowerCase().startsWith('text/event-stream') === true,
    varies: listOf(addedVary(before, now).join()),
    declaredBytes: length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined,
  };
}

function controlOf(headers: HeaderMap, name: string): CacheControl | undefined {
  const text = textOf(headers, name);
  return text === undefined || text.trim() === '' ? undefined : parseCacheControl(text);
}

/** RFC 9111 §5.4 gives it no meaning in a response. A handler that sends it alone means `no-cache`. */
function controlOfPragma(headers: HeaderMap): CacheControl | undefined {
  return listOf(textOf(headers, 'pragma')).includes('no-cache') ? parseCacheControl('no-cache') : undefined;
}
