import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const pathOf = (file: string) => fileURLToPath(new URL(`../${file}`, import.meta.url));

test('the examples print what the README says', async () => {
  const readme = await readFile(pathOf('README.md'), 'utf8');
  const [, expected] = /```text\n([\s\S]*?)```/.exec(readme) ?? [];
  const options = ['--conditions=@huntly/source', '--import', 'tsx', pathOf('src/main.ts')];
  const { stdout, stderr } = await run(process.execPath, options, { cwd: pathOf('.') });
  expect(stderr).toBe('');
  expect(stdout).toBe(expected);
});
