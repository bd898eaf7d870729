// `npm run outage`: every fault for a few seconds under 300 requests a second with a source that takes 5 ms, for people to watch.
import { OUTAGES } from './outages.ts';
import { suffer } from './suffer.ts';

const COLUMNS = [
  ['outage', 18],
  ['requests', 9],
  ['errors', 7],
  ['hung', 5],
  ['stale', 6],
  ['store ms p50/p99/max', 22],
  ['breaker', 9],
  ['calls while open', 17],
  ['back after', 11],
  ['heap', 9],
  ['health said', 0],
] as const;

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const row = (cells: readonly string[]): string =>
  cells.map((cell, index) => cell.padEnd(COLUMNS[index]?.[1] ?? 0)).join(' ');

const wanted = process.argv.slice(2);
const outages = OUTAGES.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
print(
  '300 requests a second for 500 known values and new ones, a source that takes 5 ms, a store budget of 50 ms a request.',
);
print('Store time is that of one request during the outage, without its load and without stalls of this process.\n');
print(row(COLUMNS.map(([title]) => title)));
for (const outage of outages) {
  const suffered = await suffer(outage);
  const { p50, p99, max } = suffered.storeMs;
  const stale = suffered.stale + suffered.staleAfter + suffered.staleElsewhere;
  print(
    row([
      outage.name,
      String(suffered.requests),
      String(suffered.errors.length),
      String(suffered.hung),
      String(stale),
      [p50, p99, max].map((ms) => ms.toFixed(1)).join(' / '),
      suffered.hasOpened ? 'opened' : 'closed',
      String(suffered.callsWhileOpen),
      `${Math.round(suffered.recoveredMs)} ms`,
      `${(suffered.heapGrowthBytes / 1024 / 1024).toFixed(1)} MB`,
      suffered.health.join(', '),
    ]),
  );
}
