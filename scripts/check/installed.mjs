import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { capture, root, workspacePackages } from '../run.mjs';
import { bundles } from './bundles.mjs';
import { aloneFiles, compilers, files, modes } from './installed-programs.mjs';

/** What a service installs beside the packages, in the versions of this workspace. */
const besides = ['express', 'ioredis', 'prom-client', '@types/express'];
/** A program that has failed may leave a server open; without an end the check would wait for it. */
const PROGRAM_MS = 60_000;
/** What a package needs in a TypeScript program besides its own required dependencies. */
const typesOf = { express: '@types/express' };

/**
 * Installs the packed packages into empty projects as npm would from the registry, and uses them from ESM, from
 * CommonJS, from TypeScript, and from bundles; all together, and each one with its required dependencies only. What
 * only the workspace resolves (sources, hoisted dependencies, `workspace:` versions) fails here.
 */
export async function checkInstalled() {
  const build = await capture('node', ['scripts/build.mjs']);
  if (!build.ok) return build;

  const folder = mkdtempSync(join(tmpdir(), 'huntly-installed-'));
  try {
    const packages = await pack(folder);
    const failed = [...(await checkTogether(folder, packages)), ...(await checkAlone(folder, packages))];
    return { ok: failed.length === 0, output: failed.join('\n') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** One service with all packages. Returns what failed. */
async function checkTogether(/** @type {string} */ folder, /** @type {Packed[]} */ packages) {
  const project = join(folder, 'together');
  const dependencies = Object.fromEntries(packages.map(({ name, tarball }) => [name, `file:${tarball}`]));
  for (const name of besides) dependencies[name] = versionOf(`packages/cache-express/node_modules/${name}`);
  write(project, files);
  const steps = new Steps(project);
  if (!(await steps.run('npm install', () => install(project, dependencies)))) return steps.failed;
  for (const program of ['esm/main.js', 'commonjs/main.js']) await steps.node(program);
  await compile(steps, 'typescript');
  for (const { name, make, runFrom } of bundles(project)) {
    await steps.run(`bundle ${name}`, async () => {
      await make();
      return capture(process.execPath, [join(runFrom, 'main.js')], runFrom, PROGRAM_MS);
    });
  }
  return steps.failed;
}

/** Each package with what it requires, and nothing that is optional. Returns what failed. */
async function checkAlone(/** @type {string} */ folder, /** @type {Packed[]} */ packages) {
  /** @type {string[]} */
  const failed = [];
  for (const one of packages) {
    const short = one.name.split('/')[1] ?? one.name;
    const project = join(folder, short);
    /** @type {Record<string, string>} */
    const dependencies = {};
    for (const other of packages)
      if (other === one || one.requires.includes(other.name)) dependencies[other.name] = `file:${other.tarball}`;
    for (const peer of one.requiredPeers) {
      for (const name of [peer, typesOf[/** @type {'express'} */ (peer)]]) {
        if (name) dependencies[name] = versionOf(`packages/${short}/node_modules/${name}`);
      }
    }
    write(project, aloneFiles(one.name));
    const steps = new Steps(project, `${one.name} alone: `);
    if (await steps.run('npm install', () => install(project, dependencies))) {
      await steps.node('main.mjs');
      await steps.node('main.cjs');
      await compile(steps, '.');
    }
    failed.push(...steps.failed);
  }
  return failed;
}

/**
 * With each compiler that is supported, in each way of resolving modules that it has, as many at a time as there are
 * processors.
 */
async function compile(/** @type {Steps} */ steps, /** @type {string} */ folder) {
  const runs = compilers.flatMap(({ name, tsc, without }) =>
    modes.filter((mode) => !without.includes(mode)).map((mode) => ({ name, tsc, mode })),
  );
  const waiting = runs.values();
  const worker = async () => {
    for (const { name, tsc, mode } of waiting) {
      const config = join(folder, `tsconfig.${mode}.json`);
      await steps.run(`TypeScript ${name}, ${mode}`, () =>
        capture(process.execPath, [join(root, tsc), '--project', config], steps.project),
      );
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

class Steps {
  /** @type {string[]} */
  failed = [];

  /**
   * @param {string} project
   * @param {string} [of]
   */
  constructor(project, of = '') {
    this.project = project;
    this.of = of;
  }

  /**
   * @param {string} name
   * @param {() => Promise<{ ok: boolean, output: string }>} step
   */
  async run(name, step) {
    const { ok, output } = await step().catch((error) => ({ ok: false, output: String(error?.stack ?? error) }));
    if (!ok) this.failed.push(`${this.of}${name} failed:\n${output}`);
    return ok;
  }

  /** @param {string} file */
  node(file) {
    return this.run(`node ${file}`, () => capture(process.execPath, [file], this.project, PROGRAM_MS));
  }
}

/**
 * @typedef {{ name: string, tarball: string, requires: string[], requiredPeers: string[] }} Packed
 * @param {string} folder
 * @returns {Promise<Packed[]>}
 */
async function pack(folder) {
  const packages = [];
  for (const { name, path } of (await workspacePackages()).filter((found) => !found.private)) {
    const packed = await capture('pnpm', ['pack', '--json', '--pack-destination', folder], path);
    if (!packed.ok) throw new Error(packed.output);
    const { dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = manifestOf(path);
    packages.push({
      name,
      tarball: join(folder, basename(JSON.parse(packed.stdout).filename)),
      requires: Object.keys(dependencies),
      requiredPeers: Object.keys(peerDependencies).filter((peer) => !peerDependenciesMeta[peer]?.optional),
    });
  }
  return packages;
}

/**
 * @param {string} project
 * @param {Record<string, string>} dependencies
 */
function install(project, dependencies) {
  const manifest = {
    name: 'empty',
    private: true,
    dependencies: { '@types/node': versionOf('node_modules/@types/node'), ...dependencies },
  };
  write(project, { 'package.json': JSON.stringify(manifest) });
  return capture('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--strict-peer-deps'], project);
}

/**
 * @param {string} project
 * @param {Record<string, string>} texts by path
 */
function write(project, texts) {
  for (const [file, text] of Object.entries(texts)) {
    mkdirSync(dirname(join(project, file)), { recursive: true });
    writeFileSync(join(project, file), text);
  }
}

/** @param {string} folder of the workspace */
function versionOf(folder) {
  return manifestOf(join(root, folder)).version;
}

/** @param {string} path */
function manifestOf(path) {
  return JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
}
