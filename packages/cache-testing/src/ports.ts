import { createServer } from 'node:net';

export const LOOPBACK = '127.0.0.1';

/**
 * Below every system's range for outgoing connections (32768 on Linux, 49152 on macOS). From inside that range, a client
 * that reconnects to a killed server could be given the server's port as its own, and then either be connected to itself
 * or keep the server from coming back.
 */
const FIRST = 10_000;
const COUNT = 10_000;

/** A Cluster node also listens here, for its bus; no ordinary port is ever taken from that range. */
const BUS_OFFSET = 10_000;

/** Processes that start together have neighbouring pids; far-apart beginnings keep them from trying the same ports. */
let offset = (process.pid * 97) % COUNT;

/** A port of 127.0.0.1 that was free, with its bus port, when it was asked for: whoever binds it may still come second. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < COUNT; tried++) {
    const port = FIRST + offset;
    offset = (offset + 1) % COUNT;
    if ((await isFree(port)) && (await isFree(port + BUS_OFFSET))) return port;
  }
  throw new Error(`no free port on ${LOOPBACK} between ${FIRST} and ${FIRST + COUNT - 1}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: LOOPBACK, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
