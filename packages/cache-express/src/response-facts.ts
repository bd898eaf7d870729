import type { CacheControl } from './cache-control.ts';
import { parseCacheControl } from './cache-control.ts';
import { addedVary, type HeaderMap, listOf, textOf } from './headers.ts';
import type { ResponseFacts } from './storable.ts';

/** What the predicates need to know of a response whose headers were `before` when its handler began. */
export function responseFacts(status: number, before: HeaderMap, now: HeaderMap): ResponseFacts {
  const length = textOf(now, 'content-length');
  const encoding = textOf(now, 'content-encoding');
  return {
    status,
    cacheControl: controlOf(now, 'cache-control') ?? controlOfPragma(now),
    targeted: controlOf(now, 'cdn-cache-control'),
    expires: textOf(now, 'expires'),
    date: textOf(now, 'date'),
    age: textOf(now, 'age'),
    hasSetCookie: String(now.get('set-cookie')) !== String(before.get('set-cookie')),
    hasContentRange: now.has('content-range'),
    isEncoded: encoding !== undefined && encoding.toLowerCase() !== 'identity',
    isEventStream: textOf(now, 'content-type')?.toLowerCase().startsWith('text/event-stream') === true,
    varies: addedVary(before, now),
    declaredBytes: length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined,
  };
}

function controlOf(headers: HeaderMap, name: string): CacheControl | undefined {
  const text = textOf(headers, name);
  return text === undefined ? undefined : parseCacheControl(text);
}

/** RFC 9111 §5.4 gives it no meaning in a response. Who sends it alone means `no-cache`. */
function controlOfPragma(headers: HeaderMap): CacheControl | undefined {
  return listOf(textOf(headers, 'pragma')).includes('no-cache') ? parseCacheControl('no-cache') : undefined;
}
