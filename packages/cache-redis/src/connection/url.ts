/** What a `redis://` or `rediss://` URL says. */
export interface RedisUrl {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number | undefined;
}

export const DEFAULT_PORT = 6379;

/** What to write instead of a query option that people bring from elsewhere. */
const INSTEAD: Readonly<Record<string, string>> = {
  db: 'write the number as the path: redis://host:6379/2',
  user: 'write it before the host: redis://user:password@host',
  username: 'write it before the host: redis://user:password@host',
  password: 'write it before the host: redis://:password@host',
  tls: 'begin the URL with rediss:// and give details as the option tls',
  ssl: 'begin the URL with rediss:// and give details as the option tls',
  ssl_cert_reqs: 'begin the URL with rediss:// and give details as the option tls',
  family: 'leave it out, IPv4 and IPv6 are both tried',
  connectTimeout: 'use the option connectTimeoutMs',
  socketTimeout: 'use the option socketTimeoutMs',
  keyPrefix: 'use the option namespace of the cache',
  sentinels: 'use the options sentinels and name',
  name: 'use the options sentinels and name',
};
/** Settings that would let a command run late or twice, or are decided by measurement. */
const FIXED = [
  'autoResendUnfulfilledCommands',
  'commandTimeout',
  'enableAutoPipelining',
  'enableOfflineQueue',
  'enableReadyCheck',
  'keepAlive',
  'lazyConnect',
  'maxRetriesPerRequest',
  'protocol',
  'readOnly',
  'retryStrategy',
];

/**
 * Reads a URL by itself, as ioredis would turn `?enableOfflineQueue=false` into the true text "false".
 *
 * No problem shows any part of the URL: where a password is not percent-encoded, its rest is taken for a host, a port,
 * a path or a query.
 * @param field what the problems call it
 */
export function parseRedisUrl(text: string, field: string): { url: RedisUrl } | { problems: string[] } {
  if (!/^rediss?:\/\//i.test(text.trim())) {
    return {
      problems: [
        `${field} must begin with redis:// or, for TLS, rediss://; Cluster and Sentinel have the options cluster and sentinels.`,
      ],
    };
  }
  if (!URL.canParse(text)) return { problems: [unparsable(text, field)] }; // the TypeError of `new URL` holds the text
  const parsed = new URL(text);
  const problems: string[] = [];
  if (parsed.hostname === '') problems.push(`${field} must name a host: redis://host:6379.`);
  if (parsed.port === '0') problems.push(portProblem(field));
  const username = decoded(parsed.username);
  const password = decoded(parsed.password);
  if (username === undefined) problems.push(`${field} has a user name that is not percent-encoded.`);
  if (password === undefined) problems.push(`${field} has a password that is not percent-encoded: write % as %25.`);
  const db = /^\/?(\d{0,5})$/.exec(parsed.pathname)?.[1];
  if (db === undefined) {
    problems.push(
      `${field} must have a whole number for the database, or nothing, after the host: redis://host:6379/2. ` +
        'A / in a password is written %2F.',
    );
  }
  if (parsed.hash !== '') problems.push(`${field} must not have a fragment; a # in a password is written %23.`);
  problems.push(...[...new Set(parsed.searchParams.keys())].map((name) => queryProblem(name, field)));
  if (problems.length > 0) return { problems };

  return {
    url: {
      host: parsed.hostname.replace(/^\[(.*)\]$/, '$1'), // the brackets of IPv6 are not part of the address
      port: parsed.port === '' ? DEFAULT_PORT : Number(parsed.port),
      isTls: parsed.protocol === 'rediss:',
      username: username || undefined,
      password: password || undefined,
      db: db ? Number(db) : undefined,
    },
  };
}

function unparsable(text: string, field: string): string {
  const port = /^\w+:\/\/(?:[^/?#]*@)?(?:\[[^\]]*\]|[^:/?#[\]]*):([^/?#]*)/.exec(text.trim())?.[1];
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) < 65_536)) return portProblem(field);
  return `${field} cannot be read as redis://user:password@host:port/db; percent-encode what is special in a password.`;
}

function portProblem(field: string): string {
  return `${field} must have a whole number from 1 to 65535 as the port; a / ? # or @ in a password is percent-encoded.`;
}

/** `undefined` for text that is not percent-encoded. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Names known options only: any other name may be the rest of a password. */
function queryProblem(name: string, field: string): string {
  if (Object.hasOwn(INSTEAD, name)) return `${field} must not have the query option ${name}: ${INSTEAD[name]}.`;
  if (FIXED.includes(name))
    return `${field} must not have the query option ${name}: its value is fixed, or give a client of your own.`;
  return `${field} must not have query options; this one is unknown. Settings are options beside the URL; a ? in a password is written %3F.`;
}
