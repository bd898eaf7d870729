import { inspect } from 'node:util';
import { CacheConfigError } from '@huntly/cache-core';
import { type RedisServer, startRedis } from '@huntly/cache-testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeOf, redactError } from '../../src/redaction.ts';
import { connectionsOfEachTest, readiness, VERSIONS } from './fixture/connections.ts';

const PASSWORD = 'the-password';
const VALUE = 'the-value';

/** Everything of an error that a logger could find. */
function shown(error: unknown): string {
  return inspect(error, { showHidden: true, depth: 10, getters: true }) + JSON.stringify(error);
}

describe.each(VERSIONS)('redactError with $version', ({ ioredis }) => {
  const { open } = connectionsOfEachTest();
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis({
      users: ['default off', `cache on >${PASSWORD} ~app:* -@all +info +ping +get +set +hello +eval`],
    });
  });
  afterAll(() => server.stop());

  const errorOfEvent = (credentials: { username?: string; password?: string }): Promise<Error> => {
    const { client } = open({ url: server.url, ...credentials }, ioredis);
    return new Promise((resolve) => void client.on('error', resolve));
  };
  const errorOf = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => undefined,
      (error: unknown) => error,
    );
  const asCache = async () =>
    (await readiness(open({ url: server.url, username: 'cache', password: PASSWORD }, ioredis))).client;

  it('hides the password of WRONGPASS', async () => {
    const error = await errorOfEvent({ username: 'cache', password: 'wrong-password' });
    expect(shown(error)).toContain('wrong-password'); // what it is about
    const redacted = redactError(error);
    expect(redacted).toMatchObject({ name: 'ReplyError', code: 'WRONGPASS' });
    expect(shown(redacted)).not.toContain('wrong-password');
  });

  it('names NOAUTH', async () => {
    expect(redactError(await errorOfEvent({})).message).toMatch(/^NOAUTH .*the server asks for a password/);
  });

  it('hides key and value of NOPERM', async () => {
    const client = await asCache();
    const error = await errorOf(client.set('other:secret-key', VALUE, 'PX', 1_000));
    expect(shown(error)).toContain(VALUE);
    const redacted = redactError(error);
    expect(redacted.message).toBe('NOPERM (SET): the ACL of this user does not allow the command, or one of its keys');
    expect(shown(redacted)).not.toMatch(/the-value|secret-key/);
  });

  it('hides the value of OOM', async () => {
    await server.cli('CONFIG', 'SET', 'maxmemory', 1);
    const error = await errorOf((await asCache()).set('app:key', VALUE, 'PX', 1_000));
    await server.cli('CONFIG', 'SET', 'maxmemory', 0);
    expect(shown(error)).toContain(VALUE);
    const redacted = redactError(error);
    expect(redacted).toMatchObject({ code: 'OOM', command: 'SET' });
    expect(shown(redacted)).not.toContain(VALUE);
  });

  it('hides arguments that a reply quotes', async () => {
    const error = await errorOf((await asCache()).eval(`return redis.error_reply('ERR got ' .. ARGV[1])`, 0, VALUE));
    expect(String(error)).toContain(VALUE);
    expect(shown(redactError(error))).not.toContain(VALUE);
    expect(codeOf(error)).toBe('ERR');
  });

  it('hides what was under way when the connection broke', async () => {
    const client = await asCache();
    await server.freeze();
    const error = errorOf(client.set('app:key', VALUE, 'PX', 1_000));
    await server.kill();
    const redacted = redactError(await error);
    expect(codeOf(redacted)).toBe('CLOSED');
    expect(shown(redacted)).not.toContain(VALUE);
    expect(codeOf(await errorOf(client.get('app:key')))).toBe('NOT_READY');
    await server.restart();
  });
});

describe('redactError', () => {
  it('keeps what a system call says: hosts and ports', () => {
    const error = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:6379'), {
      code: 'ECONNREFUSED',
      syscall: 'connect',
    });
    expect(redactError(error).message).toBe('ECONNREFUSED: connect ECONNREFUSED 127.0.0.1:6379');
  });

  it('withholds the text of errors that it does not know', () => {
    const check = Object.assign(new TypeError(`Received '${VALUE}'`), { code: 'ERR_INVALID_ARG_TYPE' });
    const cause = new Error(VALUE, { cause: VALUE });
    const many = Object.assign(new AggregateError([new Error(VALUE)], VALUE), {
      previousErrors: [{ command: [VALUE] }],
    });
    for (const error of [check, cause, many, VALUE, { message: VALUE }, null]) {
      expect(shown(redactError(error))).not.toContain(VALUE);
    }
    expect(redactError(check)).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
  });

  it('returns our own errors as they are, and its own results too', () => {
    const ours = new CacheConfigError(['a problem']);
    expect(redactError(ours)).toBe(ours);
    const redacted = redactError(new Error('any'));
    expect(redactError(redacted)).toBe(redacted);
    expect(codeOf(redacted)).toBe('Error');
  });
});
