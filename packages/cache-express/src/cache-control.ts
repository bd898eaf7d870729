const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
/** One directive and the comma after it. No two alternatives begin alike, so that matching is linear. */
const DIRECTIVE = new RegExp(`(${TOKEN})(?:=(?:(${TOKEN})|"((?:[^"\\\\]|\\\\.)*)"))?[\\t ]*(?:,|$)`, 'y');
const BETWEEN = /[\t ,]*/y;
const MAX_LENGTH = 8_192;
/** Larger numbers mean this one. RFC 9111 §1.2.2 */
const MAX_SECONDS = 2 ** 31;

/** A `Cache-Control` header, read so that doubt means "do not store". */
export interface CacheControl {
  /** By lower-case name; `null` where there is no argument. The lowest of repeated ages. */
  readonly directives: ReadonlyMap<string, string | null>;
  /** Something in it is no directive: nothing else in it can be trusted. */
  readonly isMalformed: boolean;
}

/** RFC 9111 §5.2. Never throws. */
export function parseCacheControl(header: string): CacheControl {
  const directives = new Map<string, string | null>();
  if (header.length > MAX_LENGTH) return { directives, isMalformed: true };
  let at = skip(header, 0);
  while (at < header.length) {
    DIRECTIVE.lastIndex = at;
    const match = DIRECTIVE.exec(header);
    if (!match?.[1]) return { directives, isMalformed: true };
    const name = match[1].toLowerCase();
    const value = match[2] ?? match[3] ?? null;
    directives.set(name, directives.has(name) ? lower(directives.get(name) ?? null, value) : value);
    at = skip(header, DIRECTIVE.lastIndex);
  }
  return { directives, isMalformed: false };
}

/**
 * The seconds of a directive; `undefined` where it is absent, 0 where its argument is no number: stale. RFC 9111 §4.2.1
 */
export function secondsOf({ directives }: CacheControl, name: string): number | undefined {
  const value = directives.get(name);
  if (value === undefined) return undefined;
  return value !== null && /^\d{1,20}$/.test(value) ? Math.min(Number(value), MAX_SECONDS) : 0;
}

/**
 * Is there a directive of this name, in whatever spelling? `No_Store`, `nostore` and `no-store="x"` are mistakes for
 * `no-store`, and a mistake must not make a response public.
 */
export function mentions({ directives }: CacheControl, name: string): boolean {
  const wanted = lettersOf(name);
  for (const found of directives.keys()) if (lettersOf(found) === wanted) return true;
  return false;
}

function lettersOf(name: string): string {
  return name.replace(/[^a-z]/g, '');
}

function skip(header: string, from: number): number {
  BETWEEN.lastIndex = from;
  BETWEEN.exec(header);
  return BETWEEN.lastIndex;
}

/** A repeated age counts as the lowest; one that is no number as stale. */
function lower(one: string | null, other: string | null): string | null {
  const numbers = [one, other].map((value) => (value !== null && /^\d{1,20}$/.test(value) ? Number(value) : 0));
  return (numbers[0] ?? 0) <= (numbers[1] ?? 0) ? one : other;
}
