// What the last runs of the tests and the checks left in `.results/`. Needs nothing but Node.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What `describeStore` calls its suites. */
const CONTRACT = 'the Store contract: ';

/** Test results by package; those of the stress tests under `stress`. */
export function testResults() {
  const packages = ['packages', 'examples'].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => ({
      name: `${group}/${name}`,
      file: `${group}/${name}/.results/tests.json`,
    })),
  );
  return [...packages, { name: 'stress', file: '.results/stress.json' }].flatMap(({ name, file }) => {
    const report = readJson(file);
    return report === undefined ? [] : [{ name, ...count(report) }];
  });
}

/**
 * How many cases of the Store contract passed on each store.
 * @returns {Map<string, number>}
 */
export function contractCases() {
  const cases = new Map();
  for (const name of readdirSync(join(root, 'packages'))) {
    const tests = readJson(`packages/${name}/.results/tests.json`)?.testResults.flatMap(
      (/** @type {{ assertionResults: { ancestorTitles: string[], status: string }[] }} */ file) =>
        file.assertionResults,
    );
    for (const { ancestorTitles, status } of tests ?? []) {
      const title = ancestorTitles.find((/** @type {string} */ text) => text.startsWith(CONTRACT));
      if (!title || status !== 'passed') continue;
      const store = title.slice(CONTRACT.length);
      cases.set(store, (cases.get(store) ?? 0) + 1);
    }
  }
  return cases;
}

/**
 * Check results by step.
 * @returns {{ name: string, ok: boolean }[]}
 */
export function checkResults() {
  return readJson('.results/checks.json') ?? [];
}

function readJson(/** @type {string} */ path) {
  const file = join(root, path);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

/** @param {{ success: boolean, testResults: { status: string, assertionResults: { status: string }[] }[] }} report */
function count({ success, testResults: files }) {
  const tests = files.flatMap((file) => file.assertionResults);
  const passed = tests.filter((test) => test.status === 'passed').length;
  let failed = tests.filter((test) => test.status === 'failed').length;
  const skipped = tests.length - passed - failed;
  // A file that cannot be loaded fails without a failed test, so does a run with an unhandled error.
  failed += files.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length;
  if (!success && failed === 0) failed = 1;
  return { passed, failed, skipped };
}
