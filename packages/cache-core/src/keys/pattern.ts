import { KeyError, kindOf } from '../errors.ts';
import { escapeText, parseKey } from './key.ts';
import { checkName, keyPrefix, type Scope } from './scope.ts';

/** Which keys of one type a sweep removes. */
export interface Pattern {
  readonly scope: Scope;
  /** As it was given. */
  readonly glob: string;
  /** A Redis-style glob over whole keys that finds at least these keys: what it finds must still pass `matches`. */
  readonly keyGlob: string;
  /**
   * True for exactly the keys that are meant, and for over-long (hashed) identifiers, whose text is not known any more.
   */
  matches(key: string): boolean;
}

type Token = { kind: 'text'; text: string } | { kind: 'any' } | { kind: 'one' };

/**
 * Reads `type:glob`. In the glob `*` is any text, `?` one character, `\` makes the next character plain; everything
 * else stands for itself, whatever it needs in a key.
 * @throws KeyError for a text without both parts.
 */
export function parsePattern(namespace: string | undefined, pattern: string): Pattern {
  if (typeof pattern !== 'string') throw badPattern(kindOf(pattern));
  const separator = pattern.indexOf(':');
  if (separator < 0 || separator === pattern.length - 1) throw badPattern('no identifier part');
  const type = checkName('The type of a pattern', pattern.slice(0, separator));
  return buildPattern({ namespace, type }, pattern.slice(separator + 1));
}

function badPattern(found: string): KeyError {
  return new KeyError(
    `A pattern is "type:glob", such as "lead:4*" or "search:*"; got ${found}. For all types there is clear().`,
  );
}

/** The pattern of one type. The glob is that of `parsePattern`; `'*'` is the whole type. */
export function buildPattern(scope: Scope, glob: string): Pattern {
  const prefix = keyPrefix(scope);
  const tokens = tokenize(glob);
  const everything = tokens.length === 1 && tokens[0]?.kind === 'any';
  return {
    scope,
    glob,
    keyGlob: prefix + firstCharacterGlob(tokens),
    matches(key) {
      if (!key.startsWith(prefix)) return false;
      const isKey = key.length > prefix.length && !key.includes(':', prefix.length);
      if (everything || !isKey) return isKey;
      const parsed = parseKey(key);
      if (parsed === undefined) return false;
      return parsed.isHashed || matchTokens(tokens, [...parsed.identifier]);
    },
  };
}

/**
 * The first character of what matches, or `%` for an identifier that is hashed or begins with an escape; then anything.
 * More would miss keys: a digest does not begin as its identifier does.
 */
function firstCharacterGlob([first]: readonly Token[]): string {
  if (first?.kind !== 'text') return '*';
  const [character = ''] = escapeText(first.text);
  return `[%\\${character}]*`;
}

/** Makes a text stand for itself inside a pattern: `invalidatePattern('lead:' + escapePattern(input) + '*')`. */
export function escapePattern(text: string): string {
  return text.replace(/[\\*?]/g, '\\$&');
}

function tokenize(glob: string): Token[] {
  const tokens: Token[] = [];
  let text = '';
  const endText = () => {
    if (text !== '') tokens.push({ kind: 'text', text });
    text = '';
  };
  for (let index = 0; index < glob.length; index++) {
    const character = glob.charAt(index);
    if (character === '*' || character === '?') {
      endText();
      tokens.push({ kind: character === '*' ? 'any' : 'one' });
    } else {
      text += character === '\\' ? glob.charAt(++index) : character;
    }
  }
  endText();
  return tokens;
}

/** Glob matching in time proportional to pattern × text: a pattern of many `*` cannot stall the process. */
function matchTokens(tokens: readonly Token[], text: readonly string[]): boolean {
  let reachable = new Set([0]); // the places of the text that the tokens so far can end at
  for (const token of tokens) {
    const next = new Set<number>();
    for (const start of reachable) addEnds(next, token, text, start);
    reachable = next;
  }
  return reachable.has(text.length);
}

/** Adds where a token that begins at `start` can end. */
function addEnds(ends: Set<number>, token: Token, text: readonly string[], start: number): void {
  switch (token.kind) {
    case 'one':
      if (start < text.length) ends.add(start + 1);
      return;
    case 'any':
      for (let end = start; end <= text.length && !ends.has(end); end++) ends.add(end);
      return;
    case 'text': {
      const characters = [...token.text];
      if (characters.every((character, offset) => text[start + offset] === character))
        ends.add(start + characters.length);
    }
  }
}
