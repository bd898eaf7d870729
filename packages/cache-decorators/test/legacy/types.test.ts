import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it('gives types and compile errors in the legacy protocol, as in the standard one', async () => {
  const tsc = fileURLToPath(new URL('../../../../node_modules/typescript/bin/tsc', import.meta.url));
  const project = fileURLToPath(new URL('tsconfig.json', import.meta.url)); // has ../types.test-d.ts
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, '--noEmit', '--project', project]).catch(
    (failed: { stdout: string }) => failed,
  );
  expect(stdout).toBe('');
});
