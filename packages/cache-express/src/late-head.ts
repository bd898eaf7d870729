import { type HeaderMap, isOfMiddleware, isSame, membersOf, textOf } from './headers.ts';

/** What compression and Node make of a transfer, which says nothing of the response. */
const OF_THE_TRANSFER = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'keep-alive',
  'transfer-encoding',
]);

/**
 * The fields of a handler as whatever lies below left them, where that changed anything: `sent` is the head that was
 * given to it, and `late` is what it made of that. What the cache itself added to the fields of the handler is not in
 * it.
 */
export function lateHead(headers: HeaderMap, sent: HeaderMap, late: HeaderMap): HeaderMap | undefined {
  const changed = [...new Set([...sent.keys(), ...late.keys()])].filter(
    (name) => !OF_THE_TRANSFER.has(name) && !isSame(sent.get(name), late.get(name)),
  );
  if (changed.length === 0) return undefined;
  const seen = new Map(headers);
  for (const name of changed) {
    const value = name === 'vary' ? lateVary(headers, sent, late) : late.get(name);
    if (value === undefined) seen.delete(name);
    else seen.set(name, value);
  }
  return seen;
}

/** Those that hooks of middleware add, for CORS and compression, concern what it does itself. */
function lateVary(headers: HeaderMap, sent: HeaderMap, late: HeaderMap): string {
  const known = new Set(membersOf(textOf(sent, 'vary')));
  const added = membersOf(textOf(late, 'vary')).filter((name) => !known.has(name) && !isOfMiddleware(name));
  return [...membersOf(textOf(headers, 'vary')), ...added].join(', ');
}
