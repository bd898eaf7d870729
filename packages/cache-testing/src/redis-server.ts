import { randomBytes } from 'node:crypto';
import { type BootOptions, boot, type RedisServer } from './boot.ts';
import { LOOPBACK } from './ports.ts';
import { DATA_SERVER, type Directives, quoted } from './redis-config.ts';
import { type Certificates, issueCertificates } from './tls.ts';

export interface RedisOptions extends BootOptions {
  /** Any directive of a `redis.conf`; wins over what this package sets. */
  readonly config?: Directives;
  /** `requirepass`; also contained in `url`. Not together with `users`. */
  readonly password?: string;
  /** ACL users, each as after `ACL SETUSER`: `'cache on >secret ~app:* +get +set'`. `cli` has a user of its own. */
  readonly users?: readonly string[];
  /** Serves TLS alone, with a certificate made for this server. @default false */
  readonly tls?: boolean;
}

/** The user of `cli`, and of a replica at its primary: hence one for all servers of this process. */
const CONTROL = { username: 'control', password: randomBytes(16).toString('hex') };

/** A server of its own for a test: on a free port of 127.0.0.1, empty, keeping nothing, ready when this resolves. */
export async function startRedis(
  options: RedisOptions & { readonly tls: true },
): Promise<RedisServer & { readonly ca: string }>;
export async function startRedis(options?: RedisOptions): Promise<RedisServer>;
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const { password, users, config } = options;
  if (password !== undefined && users !== undefined)
    throw new Error('password and users exclude each other: give the user "default" a password');
  const certificates = options.tls ? await issueCertificates() : undefined;
  const control = users === undefined ? undefined : CONTROL;
  const credentials = control ?? (password === undefined ? {} : { password });
  return boot(options, {
    mode: [],
    readyLine: 'Ready to accept connections',
    endpointAt: (port) => ({ host: LOOPBACK, port, ...credentials, ...(certificates && { ca: certificates.ca }) }),
    url: (port) =>
      `${certificates ? 'rediss' : 'redis'}://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}${LOOPBACK}:${port}`,
    files: { ...certificateFiles(certificates), ...(control && { 'users.acl': aclFile(users ?? []) }) },
    directives: (port) => ({
      ...DATA_SERVER,
      ...(certificates ? tlsDirectives(port) : { port }),
      ...(control
        ? { aclfile: 'users.acl', masteruser: control.username }
        : { requirepass: password && quoted(password) }),
      masterauth: credentials.password && quoted(credentials.password),
      ...config,
    }),
  });
}

/** A file, not lines of the configuration, so that `ACL LOAD` and `ACL SAVE` work. */
function aclFile(users: readonly string[]): string {
  return [...users, `${CONTROL.username} on >${CONTROL.password} ~* &* +@all`].map((user) => `user ${user}\n`).join('');
}

function certificateFiles(certificates: Certificates | undefined): Record<string, string> {
  return certificates === undefined
    ? {}
    : { 'ca.pem': certificates.ca, 'cert.pem': certificates.cert, 'key.pem': certificates.key };
}

function tlsDirectives(port: number): Directives {
  return {
    port: 0,
    'tls-port': port,
    'tls-ca-cert-file': 'ca.pem',
    'tls-cert-file': 'cert.pem',
    'tls-key-file': 'key.pem',
    'tls-auth-clients': 'no',
  };
}
