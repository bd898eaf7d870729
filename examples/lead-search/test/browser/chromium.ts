import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { type Browser, chromium } from 'playwright-core';

const run = promisify(execFile);
const CHROMIUM = '/usr/bin/chromium';
const COMMAND = 'apt-get update && apt-get install -y chromium';

/** No window, no calls home. Without the sandbox, which root cannot have: it opens pages of this repository alone. */
const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** @throws Error with the command that installs Chromium: a test of the page fails without it, it never skips */
export async function launchChromium(): Promise<Browser> {
  if (!existsSync(CHROMIUM)) await install();
  return chromium.launch({ executablePath: CHROMIUM, args: ARGS });
}

async function install(): Promise<void> {
  const remedy = `${CHROMIUM} is missing, and the test of the page needs it. As root on Debian: ${COMMAND}`;
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) throw new Error(remedy);
  process.stderr.write(`${CHROMIUM} is missing: installing it by apt (${COMMAND}) …\n`);
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await run('sh', ['-c', COMMAND], { env, maxBuffer: 64 * 2 ** 20 });
  } catch (cause) {
    throw new Error(`apt could not install it. ${remedy}`, { cause });
  }
}
