// What a hit of `cacheResponse` costs: requests a second, and processor time of the server for each, against an Express route that
// writes the same response. The server is a process of its own; all routes run in turn in each round; medians of the rounds. Runs
// what was built, as hits.ts does. `ROUNDS=n` runs so many rounds; `CONNECTIONS=n` over so many connections; `PROFILE=dir` writes a processor profile of the server there.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { startRedis } from '@huntly/cache-testing';

const ROUNDS = Number(process.env['ROUNDS'] ?? 20);
const REQUESTS = 2_000;
const CONNECTIONS = Number(process.env['CONNECTIONS'] ?? 16);
const QUERY = '?q=ada&page=2';
const END = '"end":true}';
const rows = Array.from({ length: 20 }, (_, id) => ({ id, name: 'Ada Lovelace', company: 'Analytical Engines' }));
const body = JSON.stringify({ results: rows, end: true });

const redis = await startRedis();
const profile = process.env['PROFILE'];
const server = fork(fileURLToPath(new URL('express-server.ts', import.meta.url)), [redis.url, body], {
  execArgv: [...process.execArgv, ...(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`])],
});
const [port] = (await once(server, 'message')) as [number];

const routes = (process.env['ROUTES'] ?? '/end /send /local /redis').split(' ');
await expectOneResponse();
const measured = new Map(routes.map((route) => [route, { rates: [] as number[], cpu: [] as number[] }]));
for (let round = -2; round < ROUNDS; round++) {
  for (let index = 0; index < routes.length; index++) {
    const route = routes[(index + Math.abs(round)) % routes.length] ?? '';
    const cpuBefore = await cpuOf();
    const start = performance.now();
    await Promise.all(Array.from({ length: CONNECTIONS }, () => ask(route, REQUESTS / CONNECTIONS)));
    const ms = performance.now() - start;
    const cpu = (await cpuOf()) - cpuBefore;
    if (round < 0) continue; // warms up
    measured.get(route)?.rates.push((REQUESTS / ms) * 1_000);
    measured.get(route)?.cpu.push(cpu / REQUESTS);
  }
}

console.log(
  `${body.length} bytes, ${ROUNDS} rounds of ${REQUESTS} requests, ${CONNECTIONS} connections; median [quartiles]`,
);
const bare = measured.get('/end');
for (const [route, { rates, cpu }] of measured) {
  const byRate = spread(rates.map((rate, round) => rate / (bare?.rates[round] ?? rate)));
  const byCpu = spread(cpu.map((us, round) => (bare?.cpu[round] ?? us) / us));
  console.log(`${route}: ${spread(cpu, 0)} µs of processor; of /end: ${byRate} by rate, ${byCpu} by processor time`);
}
server.disconnect();
await redis.stop();

async function cpuOf(): Promise<number> {
  return Number(await (await fetch(`http://127.0.0.1:${port}/cpu`)).text());
}

/** All routes send the same status, fields and body; only what names one moment or one cache may differ in its value. */
async function expectOneResponse(): Promise<void> {
  const seen = new Set<string>();
  for (const route of routes) {
    const answer = await ask(route, 3); // the first is a miss, and the second leaves the local copy
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
async function ask(route: string, count: number): Promise<string> {
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
