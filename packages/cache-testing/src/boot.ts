import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './ports.ts';
import { findRedisServer } from './redis-binary.ts';
import { commonDirectives, type Directives, renderConfig } from './redis-config.ts';
import { CONFIG_FILE, RedisProcess, type ServerState } from './redis-process.ts';
import { ask, type Endpoint, type Reply } from './resp.ts';

export interface RedisServer {
  readonly host: string;
  readonly port: number;
  /** `redis://…` or `rediss://…`, with the password if there is one. */
  readonly url: string;
  /** Another one after `restart()`. */
  readonly pid: number;
  readonly state: ServerState;
  /** With TLS: the PEM text of the authority to trust. */
  readonly ca: string | undefined;
  /** How `cli` connects: as someone who may do everything. */
  readonly endpoint: Endpoint;
  /** Sends one command over a connection of its own. @throws ReplyError when the server refuses it */
  cli(...command: (string | number)[]): Promise<Reply>;
  /** What the server has written so far. */
  log(): string;
  /** SIGSTOP: it keeps its connections and answers nothing. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** SIGKILL; `restart()` may follow. */
  kill(): Promise<void>;
  /** Killed, if need be, and started again on the same port, with the same configuration: empty, unless that has `appendonly yes`. */
  restart(): Promise<void>;
  /** Killed for good: whatever state it is in, it is gone when this resolves. */
  stop(): Promise<void>;
}

export interface BootOptions {
  /** The path of the server's binary. @default what `findRedisServer` finds */
  readonly binary?: string;
  /** Where to take a port from. @default a free one */
  readonly nextPort?: () => Promise<number>;
}

/** What differs between a server for data and a Sentinel. */
export interface Role {
  readonly mode: readonly string[];
  /** What the server writes once it listens. */
  readonly readyLine: string;
  readonly endpointAt: (port: number) => Endpoint;
  readonly url: (port: number) => string;
  /** Written into the server's folder, by name. */
  readonly files: Readonly<Record<string, string>>;
  readonly directives: (port: number) => Directives;
  /** Sent after every start. */
  readonly commands?: readonly (readonly (string | number)[])[];
}

/** Starts a server in a role. A port that someone else took in the meantime is the one reason to try again. */
export async function boot(options: BootOptions, role: Role): Promise<RedisServer> {
  const { binary = await findRedisServer(), nextPort = freePort } = options;
  for (let attempt = 1; ; attempt++) {
    const port = await nextPort();
    const server = new RedisProcess(binary, role.mode);
    const endpoint = role.endpointAt(port);
    // The line tells that it is this server that listens there, the PING that it answers.
    const isReady = async (output: string) =>
      output.includes(role.readyLine) && (await ask(endpoint, ['PING'])) === 'PONG';
    const start = async () => {
      await server.start(isReady);
      for (const command of role.commands ?? []) await ask(endpoint, command);
    };
    const files = {
      ...role.files,
      [CONFIG_FILE]: renderConfig({ ...commonDirectives(server.folder), ...role.directives(port) }),
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(server.folder, name), text);
    try {
      await start();
      return controls(server, endpoint, role.url(port), start);
    } catch (error) {
      const taken = server.log().includes('Address already in use');
      await server.discard();
      if (!taken || attempt === 5) throw error;
    }
  }
}

function controls(server: RedisProcess, endpoint: Endpoint, url: string, start: () => Promise<void>): RedisServer {
  return {
    host: endpoint.host,
    port: endpoint.port,
    url,
    endpoint,
    ca: endpoint.ca,
    get pid() {
      return server.pid;
    },
    get state() {
      return server.state;
    },
    cli: (...command) => ask(endpoint, command),
    log: () => server.log(),
    freeze: () => server.freeze(),
    thaw: () => server.thaw(),
    kill: () => server.kill(),
    async restart() {
      await server.kill();
      await start();
    },
    stop: () => server.discard(),
  };
}

/** Waits for all of them; if one does not start, the others are stopped and its error is thrown. */
export async function allOrNone(starts: readonly Promise<RedisServer>[]): Promise<RedisServer[]> {
  const outcomes = await Promise.allSettled(starts);
  const servers = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []));
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure === undefined) return servers;
  await Promise.all(servers.map((server) => server.stop()));
  throw failure.reason;
}
