import type { IncomingHttpHeaders } from 'node:http';
import { atOnce } from '@huntly/cache-core';

/** Makes one of few values of a request header, so that there are few variants. */
export type Normalizer = (value: string | undefined) => string | undefined;

/** The request headers that responses may depend on, by lower-case name. */
export type VaryRule = ReadonlyMap<string, Normalizer>;

/**
 * The encodings that a response may have, best first; a client that takes more than one gets one entry, not one for
 * each spelling.
 */
const ENCODINGS = ['br', 'gzip', 'deflate'];
const MAX_VALUE_LENGTH = 1_024;

export function varyRule(vary: readonly string[] | Readonly<Record<string, Normalizer>>): VaryRule {
  const given: [string, Normalizer][] = Array.isArray(vary)
    ? (vary as string[]).map((name) => [name, name.toLowerCase() === 'accept-encoding' ? acceptedEncodings : asItIs])
    : Object.entries(vary as Record<string, Normalizer>);
  return new Map(given.map(([name, normalize]) => [name.toLowerCase(), normalize]));
}

/** The headers of the key as the handler sees them; those that are absent are left out. */
export function keyedHeaders(headers: IncomingHttpHeaders, rule: VaryRule): Record<string, string> {
  const keyed: Record<string, string> = {};
  for (const [name, normalize] of rule) {
    const value = headers[name];
    const normal = atOnce(`vary of ${name}`, normalize(Array.isArray(value) ? value.join(', ') : value));
    if (normal !== undefined) keyed[name] = normal.slice(0, MAX_VALUE_LENGTH);
  }
  return keyed;
}

function asItIs(value: string | undefined): string | undefined {
  return value?.trim().replace(/[\t ]+/g, ' ');
}

/** `gzip;q=1.0, BR;q=0.9, x` → `br, gzip`. What is refused with `q=0` is left out. RFC 9110 §12.5.3 */
export function acceptedEncodings(value: string | undefined): string | undefined {
  const accepted = new Set<string>();
  for (const member of (value ?? '').toLowerCase().split(',')) {
    const [name = '', ...parameters] = member.split(';').map((part) => part.trim());
    if (!parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter))) accepted.add(name);
  }
  const known = ENCODINGS.filter((encoding) => accepted.has(encoding));
  return known.length === 0 ? undefined : known.join(', ');
}
