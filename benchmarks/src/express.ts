// What a hit of `cacheResponse` costs: requests a second, and processor time of the server for each, against an Express
// route that writes the same response. The server is a process of its own; all routes run in turn in each round; medians
// of the rounds. Runs what was built, as hits.ts does. `ROUNDS=n` runs so many rounds; `CONNECTIONS=n` over so many
// connections; `ROUTES` names the routes; `PROFILE=dir` writes a processor profile of the server there. `BEFORE=dir` is
// another tree of this project, built: its server runs in turn with this one, and each route is compared with its own.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { startRedis } from '@huntly/cache-testing';

const ROUNDS = Number(process.env['ROUNDS'] ?? 20);
const REQUESTS = 2_000;
const CONNECTIONS = Number(process.env['CONNECTIONS'] ?? 16);
const QUERY = '?q=ada&page=2';
const END = '"end":true}';
const rows = Array.from({ length: 20 }, (_, id) => ({ id, name: 'Ada Lovelace', company: 'Analytical Engines' }));
const body = JSON.stringify({ results: rows, end: true });

const profile = process.env['PROFILE'];
const before = process.env['BEFORE'];
const routes = (process.env['ROUTES'] ?? '/end /send /local /redis').split(' ');
const servers = [await serverOf(import.meta.url)];
if (before !== undefined) servers.push(await serverOf(pathToFileURL(`${resolve(before)}/benchmarks/src/express.ts`)));
const contenders = routes.flatMap((route) => servers.map((server) => ({ route, server, samples: [] as Sample[] })));

for (const { port } of servers) await expectOneResponse(port);
for (let round = -2; round < ROUNDS; round++) {
  for (let index = 0; index < contenders.length; index++) {
    const contender = contenders[(index + Math.abs(round)) % contenders.length];
    const sample = contender && (await sampleOf(contender));
    if (sample && round >= 0) contender.samples.push(sample); // warms up before
  }
}

console.log(
  `${body.length} bytes, ${ROUNDS} rounds of ${REQUESTS} requests, ${CONNECTIONS} connections; median [quartiles]`,
);
for (const { route, server, samples } of contenders) {
  const cpu = spread(
    samples.map(({ cpuUs }) => cpuUs),
    0,
  );
  console.log(`${server.tree} ${route}: ${cpu} µs of processor; of /end: ${comparedWith('/end', servers[0], samples)}`);
  if (server !== servers[0]) console.log(`  of this tree: ${comparedWith(route, servers[0], samples)}`);
}
for (const { stop } of servers) await stop();

interface Sample {
  readonly rate: number;
  readonly cpuUs: number;
}

interface Server {
  readonly tree: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** With a Redis of its own: two trees may store in different formats. */
async function serverOf(file: string | URL): Promise<Server> {
  const redis = await startRedis();
  const child = fork(fileURLToPath(new URL('express-server.ts', file)), [redis.url, body], {
    cwd: fileURLToPath(new URL('..', file)),
    execArgv: [...process.execArgv, ...(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`])],
  });
  const [port] = (await once(child, 'message')) as [number];
  const stop = async () => {
    child.disconnect();
    await redis.stop();
  };
  return { tree: file === import.meta.url ? 'this tree' : 'before', port, stop };
}

async function sampleOf({ route, server: { port } }: { route: string; server: Server }): Promise<Sample> {
  const cpuBefore = await cpuOf(port);
  const start = performance.now();
  await Promise.all(Array.from({ length: CONNECTIONS }, () => ask(port, route, REQUESTS / CONNECTIONS)));
  const ms = performance.now() - start;
  const cpuUs = ((await cpuOf(port)) - cpuBefore) / REQUESTS;
  return { rate: (REQUESTS / ms) * 1_000, cpuUs };
}

/** More is better; both in the same round. */
function comparedWith(route: string, server: Server | undefined, samples: readonly Sample[]): string {
  const others = contenders.find((other) => other.route === route && other.server === server)?.samples ?? samples;
  const byRate = spread(samples.map(({ rate }, round) => rate / (others[round]?.rate ?? rate)));
  const byCpu = spread(samples.map(({ cpuUs }, round) => (others[round]?.cpuUs ?? cpuUs) / cpuUs));
  return `${byRate} by rate, ${byCpu} by processor time`;
}

async function cpuOf(port: number): Promise<number> {
  return Number(await (await fetch(`http://127.0.0.1:${port}/cpu`)).text());
}

/** All routes send the same status, fields and body; only what names one moment or one cache may differ in its value. */
async function expectOneResponse(port: number): Promise<void> {
  const seen = new Set<string>();
  for (const route of routes) {
    let answer = '';
    // The first is a miss, which is stored once its client has it, and the next one leaves the local copy.
    for (let tries = 0; tries < 100 && !answer.includes('; hit'); tries++) answer = await ask(port, route, 3);
    seen.add(
      answer
        .replace(/^(age|cache-status|date): .*$/gim, '$1')
        .toLowerCase()
        .split('\r\n')
        .sort()
        .join('\n'),
    );
  }
  if (seen.size > 1) throw new Error(`The routes do not send the same:\n${[...seen].join('\n\n')}`);
}

/** Requests on one connection, one after the other; the last answer. A client of `node:http` would be slower than the server. */
async function ask(port: number, route: string, count: number): Promise<string> {
  const request = `GET ${route}${QUERY} HTTP/1.1\r\nHost: bench\r\n\r\n`;
  const socket = connect(port, '127.0.0.1').setNoDelay().setEncoding('latin1');
  const last = await new Promise<string>((resolve, reject) => {
    let left = count;
    let answer = '';
    socket.on('error', reject);
    socket.on('data', (text: string) => {
      answer += text;
      if (!text.endsWith(END)) return;
      left--;
      if (left === 0) resolve(answer);
      else socket.write(request);
      answer = '';
    });
    socket.write(request);
  });
  socket.destroy();
  return last;
}

function spread(values: readonly number[], digits = 2): string {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, middle, high] = [0.25, 0.5, 0.75].map((part) =>
    (sorted[Math.floor(sorted.length * part)] ?? 0).toFixed(digits),
  );
  return `${middle} [${low}–${high}]`;
}
