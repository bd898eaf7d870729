import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRedisUrl, type RedisUrl } from '../../src/connection/url.ts';

function read(text: string): RedisUrl {
  const parsed = parseRedisUrl(text, 'url');
  if ('problems' in parsed) throw new Error(parsed.problems.join('\n'));
  return parsed.url;
}

function problemsOf(text: string): string[] {
  const parsed = parseRedisUrl(text, 'url');
  return 'problems' in parsed ? parsed.problems : [];
}

const DEFAULTS = { port: 6379, isTls: false, username: undefined, password: undefined, db: undefined };

describe('parseRedisUrl', () => {
  it.each([
    ['redis://localhost', { host: 'localhost' }],
    ['redis://localhost/', { host: 'localhost' }],
    ['redis://10.0.0.1:6380/2', { host: '10.0.0.1', port: 6380, db: 2 }],
    ['redis://localhost/0', { host: 'localhost', db: 0 }],
    ['redis://[::1]:7000', { host: '::1', port: 7000 }],
    ['REDISS://cache.example', { host: 'cache.example', isTls: true }],
    ['redis://:secret@h', { host: 'h', password: 'secret' }],
    ['redis://user:secret@h', { host: 'h', username: 'user', password: 'secret' }],
    ['redis://us%40er:p%40ss%2F%23%3F%25%20w@h', { host: 'h', username: 'us@er', password: 'p@ss/#?% w' }],
    ['redis://:@h', { host: 'h' }],
    [' redis://h\n', { host: 'h' }],
  ])('reads %j', (text, expected) => {
    expect(read(text)).toEqual({ ...DEFAULTS, ...expected });
  });

  it('reads any user name and password that is percent-encoded', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1 });
    fc.assert(
      fc.property(text, text, (username, password) => {
        const url = `redis://${encodeURIComponent(username)}:${encodeURIComponent(password)}@host:1/1`;
        expect(read(url)).toMatchObject({ username, password, host: 'host', port: 1, db: 1 });
      }),
    );
  });

  it.each([
    ['localhost:6379', 'must begin with redis://'],
    ['http://localhost', 'must begin with redis://'],
    ['redis+sentinel://localhost', 'sentinel'],
    ['redis:localhost', 'must begin with redis://'],
    ['redis://', 'must name a host'],
    ['redis:///2', 'must name a host'],
    ['redis://h:0', 'as the port'],
    ['redis://h:65536', 'as the port'],
    ['redis://h:port', 'as the port'],
    ['redis://h/two', 'for the database'],
    ['redis://h/1/2', 'for the database'],
    ['redis://h/-1', 'for the database'],
    ['redis://h/1.5', 'for the database'],
    ['redis://h/0#fragment', 'fragment'],
    ['redis://%zz:p@h', 'user name that is not percent-encoded'],
    ['redis://:100%@h', 'password that is not percent-encoded'],
    ['redis://h o s t', 'cannot be read'],
  ])('refuses %j', (text, expected) => {
    const problems = problemsOf(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(expected);
  });

  it('refuses every query option, and says what to use instead', () => {
    expect(problemsOf('redis://h/0?db=3&tls=true&enableOfflineQueue=false&db=4&anything=1')).toEqual([
      'url must not have the query option db: write the number as the path: redis://host:6379/2.',
      'url must not have the query option tls: begin the URL with rediss:// and give details as the option tls.',
      'url must not have the query option enableOfflineQueue: its value is fixed, or give a client of your own.',
      expect.stringContaining('this one is unknown'),
    ]);
  });

  it('lists all problems at once', () => {
    expect(problemsOf('redis://h:0/x?db=1#y')).toHaveLength(4);
  });

  it('never shows a password that was not percent-encoded, wherever its parts end up', () => {
    const pieces = fc.array(
      fc.constantFrom('/', '?', '#', '@', ':', '%', '[', ']', '&', '=', ' ', '\\', 'SeCrEt', '12345'),
    );
    fc.assert(
      fc.property(pieces, fc.constantFrom('redis', 'rediss', 'http'), (parts, scheme) => {
        const problems = problemsOf(`${scheme}://user:SeCrEt${parts.join('')}@host:6379/0`).join('\n');
        expect(problems).not.toMatch(/secret|12345/i);
      }),
      { numRuns: 2_000 },
    );
  });
});
