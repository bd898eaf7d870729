import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);

test('four workers load once, and all their copies follow an invalidation', async () => {
  const { REDIS_URL: _, ...env } = process.env; // a test never touches a server that somebody else uses
  const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
  const options = ['--conditions=@huntly/source', '--import', 'tsx', main];
  const { stdout, stderr } = await run(process.execPath, options, {
    env,
    cwd: fileURLToPath(new URL('..', import.meta.url)),
  });
  expect(stderr).toBe('');
  expect(stdout).not.toContain('✗');
  expect(stdout).toMatch(/100 callers of a cold lead: loads .*✓ one for all\n/);
  expect(stdout).toMatch(/worker 3 invalidated: employees( +200){4} +✓ all see it\n/);
  expect(stdout.match(/✓/g)).toHaveLength(6);
}, 120_000);
