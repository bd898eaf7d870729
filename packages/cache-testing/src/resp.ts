import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** What a server answered, as RESP2 says it. */
export type Reply = string | number | null | readonly Reply[];

/** Where a server listens and as whom to talk to it. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
  /** The authority that signed the server's certificate; given means TLS. */
  readonly ca?: string;
}

/** The server answered with an error, such as `NOAUTH Authentication required.` */
export class ReplyError extends Error {
  override readonly name = 'ReplyError';
}

/**
 * Sends one command over a connection of its own and returns the reply.
 *
 * Not ioredis: the servers are there to test code that is built on it, so they are steered by something independent,
 * and a frozen server must not leave a reconnecting client behind.
 *
 * @throws ReplyError when the server refuses; any other error when it cannot be reached or says nothing for `timeoutMs`
 */
export function ask(endpoint: Endpoint, command: readonly (string | number)[], timeoutMs = 2_000): Promise<Reply> {
  const requests = [...login(endpoint), command];
  return new Promise((resolve, reject) => {
    const socket = open(endpoint);
    const received: Buffer[] = [];
    const finish = (settle: () => void): void => {
      socket.destroy();
      settle();
    };
    socket.setTimeout(timeoutMs, () =>
      finish(() => reject(new Error(`no answer from ${endpoint.host}:${endpoint.port} within ${timeoutMs} ms`))),
    );
    socket.on('error', (error) => finish(() => reject(error)));
    socket.on('close', () => reject(new Error(`${endpoint.host}:${endpoint.port} closed the connection`)));
    socket.on('data', (chunk) => {
      received.push(chunk);
      try {
        const reply = lastOf(Buffer.concat(received), requests.length);
        if (reply !== undefined) finish(() => resolve(reply));
      } catch (error) {
        finish(() => reject(error));
      }
    });
    socket.write(requests.map(encode).join(''));
  });
}

function open({ host, port, ca }: Endpoint): Socket {
  return ca === undefined ? connectTcp({ host, port }) : connectTls({ host, port, ca });
}

function login({ username = 'default', password }: Endpoint): string[][] {
  return password === undefined ? [] : [['AUTH', username, password]];
}

function encode(command: readonly (string | number)[]): string {
  const words = command.map((word) => `$${Buffer.byteLength(String(word))}\r\n${word}\r\n`);
  return `*${words.length}\r\n${words.join('')}`;
}

/** The `count`-th reply in `bytes`, `undefined` while it has not arrived in full. */
function lastOf(bytes: Buffer, count: number): Reply | undefined {
  let at = 0;
  let last: Reply | undefined;
  for (let seen = 0; seen < count; seen++) {
    const parsed = parse(bytes, at);
    if (parsed === undefined) return undefined;
    [last, at] = parsed;
  }
  return last;
}

function parse(bytes: Buffer, start: number): [reply: Reply, next: number] | undefined {
  const end = bytes.indexOf('\r\n', start);
  if (end === -1) return undefined;
  const kind = bytes.toString('latin1', start, start + 1);
  const line = bytes.toString('utf8', start + 1, end);
  const next = end + 2;
  switch (kind) {
    case '+':
      return [line, next];
    case '-':
      throw new ReplyError(line);
    case ':':
      return [Number(line), next];
    case '$':
      return parseText(bytes, next, Number(line));
    case '*':
      return parseList(bytes, next, Number(line));
    default:
      throw new Error(`not a RESP2 reply: ${JSON.stringify(kind + line)}`);
  }
}

function parseText(bytes: Buffer, start: number, length: number): [Reply, number] | undefined {
  if (length === -1) return [null, start];
  const next = start + length + 2;
  return bytes.length < next ? undefined : [bytes.toString('utf8', start, start + length), next];
}

function parseList(bytes: Buffer, start: number, length: number): [Reply, number] | undefined {
  if (length === -1) return [null, start];
  const items: Reply[] = [];
  let at = start;
  while (items.length < length) {
    const parsed = parse(bytes, at);
    if (parsed === undefined) return undefined;
    items.push(parsed[0]);
    at = parsed[1];
  }
  return [items, at];
}
