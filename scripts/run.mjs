// Starts the tools of this workspace, and knows which packages it has.
import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

const env = {
  ...process.env,
  PATH: [join(root, 'node_modules/.bin'), process.env['PATH']].join(delimiter), // a script may be started without npm
  DO_NOT_TRACK: '1', // turns off turbo's telemetry: turbo.json has no setting for it
  NODE_IN_USE: process.version, // part of turbo's cache key: a result of one Node version says nothing about another
};

/**
 * Runs a tool, printing as it goes.
 * @param {string} tool
 * @param {string[]} args
 * @returns {Promise<number>} its exit code
 */
export function run(tool, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(tool, args, { cwd: root, env, stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}

/**
 * Runs a tool and keeps what it prints.
 * @param {string} tool
 * @param {string[]} args
 * @param {string} [cwd]
 * @param {number} [timeoutMs] after which it is killed, and has failed
 * @returns {Promise<{ ok: boolean, stdout: string, output: string }>} `output` is stdout and stderr together
 */
export function capture(tool, args, cwd = root, timeoutMs = 0) {
  return new Promise((resolve, reject) => {
    const child = spawn(tool, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs });
    let stdout = '';
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ ok: code === 0, stdout, output }));
  });
}

/**
 * The packages of the workspace, the root among them.
 * @returns {Promise<{ name: string, path: string, private: boolean }[]>}
 */
export async function workspacePackages() {
  const { ok, stdout, output } = await capture('pnpm', ['list', '--recursive', '--depth=-1', '--json']);
  if (!ok) throw new Error(`pnpm list failed:\n${output}`);
  return JSON.parse(stdout);
}
