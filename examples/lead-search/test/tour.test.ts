import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);

test('the tour ends by itself, and all it shows is as promised', async () => {
  const tour = fileURLToPath(new URL('../src/tour.ts', import.meta.url));
  const { DATABASE_URL: _, REDIS_URL: __, ...env } = process.env; // A test never touches a server somebody else uses.
  const options = ['--conditions=@huntly/source', '--import', 'tsx', tour];
  const { stdout, stderr } = await run(process.execPath, options, {
    env,
    cwd: fileURLToPath(new URL('..', import.meta.url)),
  });
  expect(stderr).toBe('');
  expect(stdout).toContain('✓ 1 database query for 200 answers');
  expect(stdout).toMatch(/Done in .* all as promised\.\n$/);
  expect(Math.max(...stdout.split('\n').map((row) => row.length))).toBeLessThanOrEqual(100);
}, 120_000);
