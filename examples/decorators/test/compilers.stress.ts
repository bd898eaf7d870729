import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectedFacts } from './expected.ts';

const example = fileURLToPath(new URL('..', import.meta.url));
const binaries = fileURLToPath(new URL('../../../node_modules/.bin/', import.meta.url));
const node = [process.execPath, '--conditions=@huntly/source', '--import', 'tsx'] as const; // the packages as sources

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(example, '.compiled-')); // inside the example: its dependencies are found from there
});
afterAll(() => rm(folder, { recursive: true }));

async function run([command, ...args]: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const options = { cwd: example, env: { ...process.env, ...env } };
  const { stdout } = await promisify(execFile)(command ?? '', args, options);
  return stdout;
}

describe.each(['standard', 'legacy'] as const)('the %s protocol', (protocol) => {
  const main = `src/${protocol}/main.ts`;
  const config = `src/${protocol}/tsconfig.json`;
  const ran = { protocol, facts: expectedFacts };
  const helper = {
    tsc: { standard: '__esDecorate(', legacy: '__decorate(' },
    tsup: { standard: '__decorateElement(', legacy: '__decorateClass(' },
  };

  it('runs under tsx', async () => {
    expect(JSON.parse(await run([...node, main], { TSX_TSCONFIG_PATH: config }))).toEqual(ran);
  });

  it('type-checks and runs as compiled by tsc', async () => {
    const out = join(folder, `tsc-${protocol}`);
    await run([`${binaries}tsc`, '--project', config, '--noEmit', 'false', '--outDir', out]);
    expect(await readFile(join(out, protocol, 'lead-service.js'), 'utf8')).toContain(helper.tsc[protocol]);
    expect(JSON.parse(await run([...node, join(out, protocol, 'main.js')]))).toEqual(ran);
  });

  it('runs as bundled by tsup', async () => {
    const out = join(folder, `tsup-${protocol}`);
    const options = ['--no-config', '--silent', '--format', 'esm', '--target', 'node20', '--tsconfig', config];
    await run([`${binaries}tsup`, main, ...options, '--out-dir', out]);
    expect(await readFile(join(out, 'main.js'), 'utf8')).toContain(helper.tsup[protocol]);
    expect(JSON.parse(await run([...node, join(out, 'main.js')]))).toEqual(ran);
  });
});
