// What a hit costs: a copy in the process, an entry of Redis, a miss with its fill, values with tags; and what a hit in the
// process allocates. Against other caches and against Redis clients used by hand. `--only=text` runs the contests whose name
// has the text, `--rounds=n` so many rounds, `--json` prints the numbers for a program. Runs what was
// built: tsx names the inner functions of sources as they are made, which takes time in each call.
import { parseArgs } from 'node:util';
import { startRedis } from '@huntly/cache-testing';
import { type Get, setUpPeers } from './peers.ts';
import { type Read, runContest, type Spread, type Standing, spreadOf } from './rounds.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '15' },
  },
});
const ROUNDS = Number(options.rounds);
/** More than there are callers, so that callers do not share their reads. */
const KEYS = Array.from({ length: 256 }, (_, index) => `lead-${index}`);
const SIZES = [
  ['1 kB', 1_000],
  ['20 kB', 20_000],
] as const;
const CALLERS = [1, 8, 64];
const ALLOCATING_OPS = 2_000;

if (!globalThis.gc)
  process.stderr.write('Run with --expose-gc: without it, garbage of one contender is paid by the next.\n');
const server = await startRedis();
const results: { contest: string; standings: readonly Standing[] }[] = [];
const allocations: { contender: string; bytesPerOp: Spread }[] = [];

for (const [size, bytes] of SIZES) {
  const value = leadOf(bytes);
  const peers = await setUpPeers(server.url, `of-${size.replace(' ', '-')}`, async () => value);
  for (const callers of CALLERS) {
    await contest(`local hit, ${size}`, callers, peers.local);
    await contest(`store hit, ${size}`, callers, peers.store);
  }
  if (bytes === 1_000) {
    for (const callers of [1, 64]) {
      await contest(`tagged local hit, ${size}`, callers, peers.taggedLocal);
      await contest(`tagged store hit, ${size}`, callers, peers.taggedStore);
    }
    for (const callers of [1, 64]) await contest(`miss and fill, ${size}`, callers, peers.store, { fresh: true });
    await measureAllocations(peers.local);
  }
  await peers.close();
}
await server.stop();
if (options.json) print(JSON.stringify({ node: process.version, rounds: ROUNDS, results, allocations }, undefined, 2));

async function contest(
  what: string,
  callers: number,
  gets: ReadonlyMap<string, Get>,
  { fresh = false } = {},
): Promise<void> {
  const name = `${what}, ${callers} ${callers === 1 ? 'caller' : 'callers'}`;
  if (!name.includes(options.only)) return;
  if (!fresh) await warm(gets);
  const contenders = new Map([...gets].map(([contender, get]) => [contender, fresh ? newKeys(get) : knownKeys(get)]));
  const standings = await runContest({ name, callers, contenders }, ROUNDS);
  results.push({ contest: name, standings });
  if (!options.json) printTable(name, standings);
}

/** So that each key is in the store, and where there are copies, a copy: those come from reads alone. */
async function warm(gets: ReadonlyMap<string, Get>): Promise<void> {
  for (const get of gets.values()) {
    for (let pass = 0; pass < 3; pass++) for (const key of KEYS) await get(key);
  }
}

function knownKeys(get: Get): Read {
  return (index) => get(KEYS[index % KEYS.length] ?? '');
}

function newKeys(get: Get): Read {
  let next = 0;
  return () => get(`new-${next++}`);
}

/** Of awaited reads, one after the other; so few that nothing is collected meanwhile. */
async function measureAllocations(local: ReadonlyMap<string, Get>): Promise<void> {
  if (!globalThis.gc || !'allocation'.includes(options.only)) return;
  await warm(local);
  const value = leadOf(1_000);
  const contenders = new Map<string, Read>([['await Promise.resolve(value)', () => Promise.resolve(value)]]);
  for (const [contender, get] of local) contenders.set(contender, knownKeys(get));
  for (const [contender, read] of contenders) {
    const samples: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      globalThis.gc();
      const before = process.memoryUsage().heapUsed;
      for (let index = 0; index < ALLOCATING_OPS; index++) await read(index);
      samples.push((process.memoryUsage().heapUsed - before) / ALLOCATING_OPS);
    }
    allocations.push({ contender, bytesPerOp: spreadOf(samples) });
  }
  if (options.json) return;
  print('\nallocation of an awaited local hit, bytes (quartiles)');
  for (const { contender, bytesPerOp } of allocations) print(`  ${contender.padEnd(34)} ${text(bytesPerOp, 0)}`);
}

function printTable(name: string, standings: readonly Standing[]): void {
  print(`\n${name}`);
  print(`  ${''.padEnd(34)} ${'µs an operation'.padEnd(26)} ${'time × huntly'.padEnd(24)} CPU × huntly (quartiles)`);
  for (const { contender, usPerOp, timesOurs, cpuTimesOurs } of standings) {
    const numbers = `${text(usPerOp, 2).padEnd(26)} ${text(timesOurs, 2).padEnd(24)} ${text(cpuTimesOurs, 2)}`;
    print(`  ${contender.padEnd(34)} ${numbers}`);
  }
}

function text({ median, low, high }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`;
}

/** A lead whose JSON has about so many bytes, many small fields and some text, as rows of a CRM have. */
function leadOf(bytes: number): object {
  const contacts: object[] = [];
  const lead = { id: 42, name: 'Ada Lovelace', company: 'Analytical Engines', score: 0.87, contacts };
  while (JSON.stringify(lead).length < bytes) {
    const number = contacts.length;
    contacts.push({
      id: number,
      email: `contact.${number}@example.com`,
      phone: '+49 30 123456',
      verified: number % 2 === 0,
    });
  }
  return lead;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
