import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FaultProxy, startFaultProxy, until } from '../src/index.ts';

/** Answers each text with the same text, and counts what it was sent. */
interface EchoServer {
  readonly port: number;
  readonly received: () => number;
  readonly sockets: Set<Socket>;
  stop(): Promise<void>;
}

async function startEcho(): Promise<EchoServer> {
  const sockets = new Set<Socket>();
  let received = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (bytes) => {
      received += bytes.length;
      socket.write(bytes);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    received: () => received,
    sockets,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** A connection that keeps what it hears: its pieces, and how it ended. */
class Client {
  readonly socket: Socket;
  readonly pieces: string[] = [];
  outcome: string | undefined;

  constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port });
    this.socket.on('data', (bytes) => this.pieces.push(bytes.toString()));
    this.socket.on('error', (error: NodeJS.ErrnoException) => {
      this.outcome = error.code;
    });
    this.socket.on('close', () => {
      this.outcome ??= 'closed';
    });
  }

  get heard(): string {
    return this.pieces.join('');
  }

  /** Sends, and waits until as much came back. */
  async echo(text: string): Promise<string> {
    const wanted = this.heard.length + text.length;
    this.socket.write(text);
    await until(`the echo of ${text}`, () => this.heard.length >= wanted || undefined, { intervalMs: 1 });
    return this.heard.slice(-text.length);
  }

  ended(): Promise<string> {
    return until('the connection to end', () => this.outcome);
  }
}

describe('startFaultProxy', () => {
  let echo: EchoServer;
  let proxy: FaultProxy;
  let clients: Client[];
  beforeEach(async () => {
    echo = await startEcho();
    proxy = await startFaultProxy({ target: { host: '127.0.0.1', port: echo.port } });
    clients = [];
  });
  afterEach(async () => {
    for (const { socket } of clients) socket.destroy();
    await proxy.stop();
    await echo.stop();
  });

  const open = (): Client => {
    const client = new Client(proxy.port);
    clients.push(client);
    return client;
  };
  const openAndUsed = async (): Promise<Client> => {
    const client = open();
    await client.echo('hello');
    return client;
  };
  /** Longer than any piece takes that nothing holds up: a new way past the proxy, there and back, many times. */
  const aWhile = async (): Promise<void> => {
    const direct = new Client(echo.port);
    clients.push(direct);
    for (let round = 0; round < 50; round++) await direct.echo('direct');
  };

  it('passes everything on, in order, also what is larger than any buffer', async () => {
    const client = open();
    const text = Array.from({ length: 300_000 }, (_, index) => index).join(',');
    expect((await client.echo(text)) === text).toBe(true);
    expect(proxy.forwardedBytes).toBe(text.length);
    expect(proxy).toMatchObject({ connections: 1, accepted: 1, fault: { kind: 'none' } });
  });

  it('tells each side that the other one has ended', async () => {
    const client = await openAndUsed();
    for (const socket of echo.sockets) socket.end('bye');
    expect(await client.ended()).toBe('closed');
    expect(client.heard).toBe('hellobye');
    const other = await openAndUsed();
    other.socket.end();
    await until('the server to know', () => echo.sockets.size === 0 || undefined);
    expect(proxy.connections).toBe(0);
  });

  it('refuses: resets what is there, refuses what comes, and is back on the same port', async () => {
    const client = await openAndUsed();
    const { port } = proxy;
    await proxy.set({ kind: 'refuse' });
    expect(await client.ended()).toBe('ECONNRESET');
    expect(await open().ended()).toBe('ECONNREFUSED');
    await proxy.heal();
    expect(proxy.port).toBe(port);
    expect(await open().echo('again')).toBe('again');
  });

  it('cuts what is there, and leaves new connections alone', async () => {
    const client = await openAndUsed();
    proxy.cut();
    expect(await client.ended()).toBe('ECONNRESET');
    await until('the server to know', () => echo.sockets.size === 0 || undefined);
    expect(await open().echo('new')).toBe('new');
  });

  it('freezes: keeps old and new connections, answers none, and everything arrives later', async () => {
    const client = await openAndUsed();
    await proxy.set({ kind: 'freeze' });
    const newcomer = open();
    await once(newcomer.socket, 'connect');
    const received = echo.received();
    client.socket.write('one');
    newcomer.socket.write('two');
    await aWhile();
    expect(echo.received() - received).toBe('direct'.length * 50);
    await proxy.heal();
    await until('what was held', () => (client.heard === 'helloone' && newcomer.heard === 'two') || undefined);
  });

  it('tells of an end during a freeze only after it', async () => {
    const client = await openAndUsed();
    await proxy.set({ kind: 'freeze' });
    for (const socket of echo.sockets) socket.end();
    await aWhile();
    expect(client.outcome).toBeUndefined();
    await proxy.heal();
    await client.ended();
  });

  it('is a black hole: accepts, swallows for good, and cuts what it swallowed from when it ends', async () => {
    const client = await openAndUsed();
    await proxy.set({ kind: 'blackhole' });
    const newcomer = open();
    await once(newcomer.socket, 'connect');
    const received = echo.received();
    client.socket.write('lost');
    newcomer.socket.write('lost');
    await aWhile();
    expect(echo.received() - received).toBe('direct'.length * 50);
    expect([client.outcome, newcomer.outcome, client.heard]).toEqual([undefined, undefined, 'hello']);
    await proxy.heal();
    expect([await client.ended(), await newcomer.ended()]).toEqual(['ECONNRESET', 'ECONNRESET']);
    expect(await open().echo('new')).toBe('new');
  });

  it('delays each way, in order', async () => {
    const client = await openAndUsed();
    await proxy.set({ kind: 'delay', requestMs: 20, responseMs: 30, jitterMs: 5 });
    const before = performance.now();
    expect(await client.echo('late')).toBe('late');
    expect(performance.now() - before).toBeGreaterThanOrEqual(49); // timers may be a fraction early
    for (let index = 0; index < 50; index++) client.socket.write(String(index % 10));
    await until('all of them', () => client.heard.length === 'hellolate'.length + 50 || undefined);
    expect(client.heard).toBe(`hellolate${'0123456789'.repeat(5)}`);
  });

  it('is half open: the server has lost the client, who is not told and gets no answer', async () => {
    const client = await openAndUsed();
    proxy.halfOpen();
    await until('the server to know', () => echo.sockets.size === 0 || undefined);
    client.socket.write('anyone?');
    expect(await open().echo('new')).toBe('new');
    await aWhile();
    await proxy.heal(); // does not bring it back
    expect([client.outcome, client.heard]).toEqual([undefined, 'hello']);
  });

  it('trickles answers', async () => {
    const client = await openAndUsed();
    await proxy.set({ kind: 'trickle', bytes: 2, everyMs: 1 });
    expect(await client.echo('a trickle.')).toBe('a trickle.');
    expect(client.pieces.slice(1).length).toBeGreaterThan(1);
    expect(Math.max(...client.pieces.slice(1).map((piece) => piece.length))).toBeLessThan('a trickle.'.length);
    await proxy.set({ kind: 'trickle', bytes: 1, everyMs: 60_000 });
    client.socket.write('the rest');
    await until('the first byte', () => client.heard.endsWith('.t') || undefined);
    await proxy.heal();
    await until('the rest', () => client.heard.endsWith('.the rest') || undefined);
  });

  it('resets each connection after so many bytes of answers', async () => {
    const clients = [await openAndUsed(), await openAndUsed()];
    await proxy.set({ kind: 'reset', afterBytes: 4 });
    for (const client of clients) client.socket.write('abcdef');
    for (const client of clients) {
      await client.ended();
      expect('helloabcd'.startsWith(client.heard)).toBe(true); // a reset may overtake what was sent before it
    }
    await until('the server to know', () => echo.sockets.size === 0 || undefined);
    await proxy.heal();
    expect(await open().echo('longer than four')).toBe('longer than four');
  });

  it('takes ranges from its seed', async () => {
    const forwarded: number[] = [];
    for (let attempt = 0; attempt < 2; attempt++) {
      const seeded = await startFaultProxy({ target: { host: '127.0.0.1', port: echo.port }, seed: 7 });
      await seeded.set({ kind: 'reset', afterBytes: [1, 200] });
      for (let connection = 0; connection < 3; connection++) {
        const client = new Client(seeded.port);
        clients.push(client);
        let sent = 0;
        // One byte at a time, so that the reset tells where it was.
        while (client.outcome === undefined) {
          const heard = client.heard.length;
          client.socket.write('x');
          sent++;
          await until('the byte or the end', () => client.heard.length > heard || client.outcome, { intervalMs: 1 });
        }
        forwarded.push(sent);
      }
      await seeded.stop();
    }
    expect(forwarded.slice(0, 3)).toEqual(forwarded.slice(3));
    expect(new Set(forwarded).size).toBeGreaterThan(1);
  });
});
