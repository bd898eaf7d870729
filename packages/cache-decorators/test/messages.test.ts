import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const PROGRAM = `
import { cacheType, createCache } from '@huntly/cache-core';
import { createDecorators } from '../src/index.ts';

const { cacheResult } = createDecorators(createCache({ types: { lead: cacheType<{ id: number }>({ ttl: '2h' }) } }));
export class Leads {
  @cacheResult('lead') now() { return { id: 1 }; }
  @cacheResult('lead') async text() { return 'Ada'; }
  @cacheResult('leads') async find() { return { id: 1 }; }
  @cacheResult('lead', (id: string) => id) async byId(id: number) { return { id }; }
}
`;
const tsc = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url));

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(fileURLToPath(new URL('../.compiled-', import.meta.url)));
  await writeFile(join(folder, 'leads.ts'), PROGRAM);
});
afterAll(() => rm(folder, { recursive: true }));

it.each([false, true])('compile errors say what is wrong (experimentalDecorators: %s)', async (isLegacy) => {
  const config = {
    extends: '../../../tsconfig.base.json',
    compilerOptions: { experimentalDecorators: isLegacy },
    files: ['leads.ts'],
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, '--noEmit', '--project', folder]).catch(
    (failed: { stdout: string }) => failed,
  );
  const errors = stdout.split(/^(?=\S)/m);
  expect(errors).toHaveLength(4);
  expect(errors[0]).toContain('The method must return a promise: make it async.');
  expect(errors[1]).toContain('The method does not return a value of this cache type.');
  expect(errors[2]).toMatch(/'"leads"' is not assignable to parameter of type '"lead"'/);
  expect(errors[3]).toMatch(/'\(id: string\) => string' is not assignable/);
});
