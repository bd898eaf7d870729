import { connect } from 'node:net';

/** An answer as it stands on the wire. */
export interface RawAnswer {
  /** Each line of the head in Latin-1, so that its characters are its bytes. */
  readonly lines: readonly string[];
  /** Without chunks. */
  readonly body: Buffer;
  /** What `Cache-Status` says. */
  readonly cache: string;
}

/** Asks without a client that would tidy up what comes. */
export async function askRaw(port: number, path: string, headers: readonly string[] = []): Promise<RawAnswer> {
  let all = await conversation(
    port,
    [`GET ${path} HTTP/1.1`, 'Host: raw.example', 'Connection: close', ...headers, '', ''].join('\r\n'),
  );
  while (/^HTTP\/1.1 1/.test(all.toString('latin1', 0, 10))) all = all.subarray(all.indexOf('\r\n\r\n') + 4); // interim
  const end = all.indexOf('\r\n\r\n');
  const lines = all.subarray(0, end).toString('latin1').split('\r\n');
  const isChunked = lines.some((line) => /^transfer-encoding: chunked$/i.test(line));
  const body = all.subarray(end + 4);
  const cache = lines.find((line) => /^cache-status: /i.test(line))?.slice(14) ?? '';
  return { lines, body: isChunked ? unchunked(body) : body, cache };
}

/** All that comes on a connection of its own, until the server closes it. */
export async function conversation(port: number, said: string): Promise<Buffer> {
  const socket = connect(port, '127.0.0.1');
  socket.write(said);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function unchunked(text: Buffer): Buffer {
  const parts: Buffer[] = [];
  let rest = text;
  for (;;) {
    const at = rest.indexOf('\r\n');
    const length = Number.parseInt(rest.subarray(0, at).toString('latin1'), 16);
    if (!(length > 0)) return Buffer.concat(parts);
    parts.push(rest.subarray(at + 2, at + 2 + length));
    rest = rest.subarray(at + 4 + length);
  }
}
