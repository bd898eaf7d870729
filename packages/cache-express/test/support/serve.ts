import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import express4 from 'express-4';
import { onTestFinished } from 'vitest';
import { type Answer, type Ask, send } from './send.ts';

/** The tests of everything that touches Express run on both. */
export const VERSIONS = [
  ['Express 4', express4],
  ['Express 5', express],
] as const;
export type ExpressModule = typeof express;

export interface Served {
  readonly port: number;
  ask(path: string, ask?: Ask): Promise<Answer>;
  /** Asks and leaves as soon as `when` resolves. */
  leave(path: string, when: Promise<unknown>): Promise<void>;
}

/** An app on a free port, closed with the test. */
export async function serve(app: ReturnType<ExpressModule>): Promise<Served> {
  const server = app.listen(0, '127.0.0.1');
  // After a stall of the machine Node looks at timers first: it would reset connections whose next request has arrived
  // unread.
  server.keepAliveTimeout = 120_000;
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  );
  const { port } = server.address() as AddressInfo;
  return {
    port,
    ask: (path, ask) => send(port, path, ask),
    leave: (path, when) =>
      new Promise((resolve) => {
        const outgoing = request({ port, host: '127.0.0.1', path, agent: false });
        outgoing.on('error', () => resolve());
        outgoing.on('response', (incoming) => incoming.on('error', () => resolve()).resume());
        outgoing.end();
        void when.then(() => outgoing.destroy());
      }),
  };
}

/** A promise that the test lets go. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
