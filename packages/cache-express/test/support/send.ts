import { type Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
  /** What `Cache-Status` says after the name of the cache. */
  readonly cache: string;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
  /** The address to come from: any of 127.0.0.0/8. */
  readonly localAddress?: string;
  /** Keeps connections. Without it each request has one of its own. */
  readonly agent?: Agent;
}

export function send(port: number, path: string, ask: Ask = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body, localAddress, agent = false } = ask;
  const from = localAddress === undefined ? {} : { localAddress };
  return new Promise((resolve, reject) => {
    const to = { port, host: '127.0.0.1', path, method, agent, headers: { ...headers } as never };
    const outgoing = request({ ...to, ...from });
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => void answerOf(incoming).then(resolve, reject));
    outgoing.end(body);
  });
}

async function answerOf(incoming: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const { statusCode = 0, headers } = incoming;
  const cache = String(headers['cache-status'] ?? '').replace(/^.*huntly; /, '');
  return { status: statusCode, headers, body, text: body.toString('utf8'), cache };
}
