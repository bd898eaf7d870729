import { type RedisServer, startRedis } from '@huntly/cache-testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectionsOfEachTest, failure, readiness, VERSIONS } from './fixture/connections.ts';

describe.each(VERSIONS)('TLS with $version', ({ ioredis }) => {
  const { open } = connectionsOfEachTest();
  let server: RedisServer & { readonly ca: string };
  beforeAll(async () => {
    server = await startRedis({ tls: true });
  });
  afterAll(() => server.stop());

  it('trusts the authority that it is given', async () => {
    const connection = await readiness(open({ url: server.url, tls: { ca: server.ca } }, ioredis));
    expect(await connection.client.ping()).toBe('PONG');
  });

  it('takes tls beside a plain URL', async () => {
    await readiness(open({ url: server.url.replace('rediss', 'redis'), tls: { ca: server.ca } }, ioredis));
  });

  it('compares the name in the certificate', async () => {
    const tls = { ca: server.ca, servername: 'localhost' };
    await readiness(open({ url: server.url, tls }, ioredis));
    const other = open({ url: server.url, tls: { ca: server.ca, servername: 'elsewhere.example' } }, ioredis);
    expect(await failure(other)).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  it('refuses a certificate that nobody vouches for', async () => {
    expect(await failure(open({ url: server.url }, ioredis))).toBe('SELF_SIGNED_CERT_IN_CHAIN');
  });
});

const REMEDY = 'cannot be selected; allow the user SELECT and reconnect, or use database 0';

describe.each(VERSIONS)('users with $version', ({ ioredis }) => {
  const { open } = connectionsOfEachTest();
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis({
      users: [
        'default off',
        'cache on >p@ss/word ~app:* resetchannels -@all +info +ping +get +set +hello',
        'chooser on >choose ~app:* -@all +info +ping +get +set +hello +select',
      ],
    });
  });
  afterAll(() => server.stop());
  const url = (user: string): string => server.url.replace('redis://', `redis://${user}@`);

  it('reads name and password from the URL', async () => {
    const { client } = await readiness(open({ url: url('cache:p%40ss%2Fword') }, ioredis));
    expect(await client.set('app:key', 'value', 'PX', 60_000)).toBe('OK');
    await expect(client.get('other:key')).rejects.toThrow('NOPERM');
  });

  it('reads them from the options', async () => {
    await readiness(open({ url: server.url, username: 'cache', password: 'p@ss/word' }, ioredis));
  });

  it('says WRONGPASS, goes on trying, and connects once the password fits', async () => {
    const connection = open({ url: url('cache:later') }, ioredis);
    expect(await failure(connection)).toBe('WRONGPASS');
    await server.cli('ACL', 'SETUSER', 'cache', '>later');
    await readiness(connection);
  });

  it('says NOAUTH where a password is missing', async () => {
    expect(await failure(open({ url: server.url }, ioredis))).toBe('NOAUTH');
  });

  it('is down, and says why, where the database of the URL may not be selected', async () => {
    const refused = open({ url: `${url('cache:p%40ss%2Fword')}/3` }, ioredis);
    await failure(refused, `NOPERM: database 3 ${REMEDY}`);
    const { client } = await readiness(open({ url: `${url('chooser:choose')}/3` }, ioredis));
    await client.set('app:key', 'value', 'PX', 60_000);
    const [inThree] = String(await server.cli('INFO', 'keyspace')).match(/db3:keys=\d+/) ?? [];
    expect(inThree).toBe('db3:keys=1');
  });

  it('is down where the server has no such database', async () => {
    const missing = open({ url: `${url('chooser:choose')}/99` }, ioredis);
    await failure(
      missing,
      'NO_DATABASE: the server has no database 99; see its directive databases, or use database 0',
    );
  });
});
