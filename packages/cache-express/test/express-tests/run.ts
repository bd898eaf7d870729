import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { DIFFERENCES, type Difference, type Major, REASONS, type Sending } from './differences.ts';

// Express's own tests, with and without `cacheResponse` before everything: `EXPRESS_TESTS_DIR=<checkout> npm run express-tests`.

/** Titles of tests, those that occur again numbered, each with what went wrong; `undefined` for one that passed. */
type Results = ReadonlyMap<string, string | undefined>;

interface MochaReport {
  readonly tests: readonly { readonly fullTitle: string; readonly err?: { readonly message?: string } }[];
  readonly pending: readonly { readonly fullTitle: string }[];
}

/** How one run ended. */
interface Run {
  readonly results: Results;
  /** How many requests were answered from a cache. */
  readonly hits: number;
}

const RUN_PATIENCE_MS = 300_000;
const HITS = /^huntly hits: (\d+)$/m;
const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const checkout = checkoutOf(process.env['EXPRESS_TESTS_DIR']);
say(`The tests of Express ${checkout.version} in ${checkout.directory}`);
let isRight = true;
for (const sending of ['once', 'twice'] as const) {
  const plain = await runTests(sending, { isCached: false });
  const cached = await runTests(sending, { isCached: true });
  isRight = judge(sending, plain, cached) && isRight;
}
say('');
for (const [reason, where] of Object.entries(REASONS)) say(`${reason}: ${where}`);
say(isRight ? 'All that differs is listed.' : 'FAILED: see the lines in capitals.');
process.exitCode = isRight ? 0 : 1;

/** Compares two runs, and what differs with the table. */
function judge(sending: Sending, plain: Run, cached: Run): boolean {
  const total = plain.results.size;
  const failed = (run: Run) => [...run.results].filter(([, error]) => error !== undefined);
  const known = new Map(
    DIFFERENCES.filter((difference) => isExpected(difference, sending)).map((one) => [one.test, one]),
  );
  const unlisted = failed(cached).filter(([test]) => !known.has(test));
  const passing = [...known.keys()].filter(
    (test) => cached.results.has(test) && cached.results.get(test) === undefined,
  );
  const misnamed = [...known.values()].filter(
    ({ test, reason }) => (reason === 'counts its requests') !== (plain.results.get(test) !== undefined),
  );
  const lost = [...plain.results.keys()].filter((test) => !cached.results.has(test));

  say(`\nEach request sent ${sending}: without the cache ${total - failed(plain).length} of ${total} pass;`);
  say(`with it ${cached.results.size - failed(cached).length}, and ${cached.hits} requests were answered from it.`);
  for (const [test, error] of failed(cached)) {
    const reason = known.get(test)?.reason;
    if (reason !== undefined) say(`  differs (${reason}): ${test}`);
    else say(`  NOT LISTED: ${test}\n    ${error}`);
  }
  for (const test of passing) say(`  LISTED, BUT PASSES: ${test}`);
  for (const { test } of misnamed)
    say(`  NOT THE REASON: ${test} ${plain.results.get(test) ?? 'passes without the cache'}`);
  for (const test of lost) say(`  NOT RUN WITH THE CACHE: ${test}`);
  const hasHits = sending === 'once' || cached.hits > 0;
  if (!hasHits) say('  NO HITS: nothing is shown by this run.');
  return hasHits && [unlisted, passing, misnamed, lost].every(({ length }) => length === 0);
}

function isExpected({ sent, express }: Difference, sending: Sending): boolean {
  return (sent === undefined || sent === sending) && (express === undefined || express === checkout.major);
}

async function runTests(sending: Sending, { isCached }: { isCached: boolean }): Promise<Run> {
  const hooks = [...(isCached ? ['with-cache.ts'] : []), ...(sending === 'twice' ? ['send-twice.ts'] : [])];
  const requires = hooks.flatMap((name) => ['--require', fileURLToPath(new URL(name, import.meta.url))]);
  const own = ['--require', 'test/support/env', '--check-leaks', '--exit', 'test/', 'test/acceptance/'];
  const output = await mocha([...requires, '--reporter', 'json', ...own]);
  const start = output.indexOf('{\n  "stats"');
  if (start < 0) throw new Error(`mocha gave no report:\n${output}`);
  const { tests, pending } = JSON.parse(output.slice(start, output.lastIndexOf('\n}') + 2)) as MochaReport;
  const results = new Map<string, string | undefined>();
  const skipped = new Set(pending.map(({ fullTitle }) => fullTitle));
  for (const { fullTitle, err } of tests.filter(({ fullTitle }) => !skipped.has(fullTitle)))
    results.set(numbered(results, fullTitle), err?.message);
  return { results, hits: Number(HITS.exec(output)?.[1] ?? 0) };
}

function numbered(results: Results, title: string): string {
  let name = title;
  for (let count = 2; results.has(name); count++) name = `${title} (${count})`;
  return name;
}

/** What mocha prints. It exits with the number of failures, which says nothing here. */
function mocha(args: readonly string[]): Promise<string> {
  const env = {
    ...process.env,
    EXPRESS_TESTS_DIR: checkout.directory,
    NODE_OPTIONS: `--conditions=@huntly/source --import=${TSX}`,
  };
  const options = { cwd: checkout.directory, env, timeout: RUN_PATIENCE_MS } as const;
  return new Promise((onEnd, reject) => {
    const child = spawn(process.execPath, [checkout.mocha, ...args], options);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.on('error', reject);
    child.on('close', (_code, signal) => {
      if (signal === null) onEnd(output);
      else reject(new Error(`mocha was ended by ${signal} after at most ${RUN_PATIENCE_MS} ms:\n${output}`));
    });
  });
}

/** @throws Error that says what to do, if there is none that can be run. */
function checkoutOf(given: string | undefined) {
  const how = 'Set EXPRESS_TESTS_DIR to a checkout of Express in which `npm install` was run.';
  if (!given) throw new Error(`No tests of Express. ${how}`);
  const directory = resolve(given);
  const read = (path: string) => JSON.parse(readFileSync(join(directory, path), 'utf8')) as Record<string, unknown>;
  const { name, version } = existsSync(join(directory, 'package.json')) ? read('package.json') : {};
  if (name !== 'express' || typeof version !== 'string' || !existsSync(join(directory, 'test/support/env.js')))
    throw new Error(`${directory} is no checkout of Express with its tests. ${how}`);
  if (!existsSync(join(directory, 'node_modules/mocha'))) throw new Error(`${directory} has no mocha. ${how}`);
  const { bin } = read('node_modules/mocha/package.json') as { bin: string | Record<string, string> };
  const path = typeof bin === 'string' ? bin : bin['mocha'];
  const major = Number.parseInt(version, 10);
  if (major !== 4 && major !== 5) throw new Error(`Express ${version} is neither 4 nor 5. ${how}`);
  return {
    directory,
    version,
    major: major as Major,
    mocha: join(directory, 'node_modules/mocha', path ?? 'bin/mocha'),
  };
}
