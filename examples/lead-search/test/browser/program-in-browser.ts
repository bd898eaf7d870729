import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { type Program, startProgram } from '../support.ts';
import { launchChromium } from './chromium.ts';

/** Git-ignored; for people to look at. */
export const SCREENSHOTS = fileURLToPath(new URL('../../.results/screenshots/', import.meta.url));

/** The program and a browser, there while the tests of a file run. */
export function programInBrowser(): { program: Program; browser: Browser } {
  const started = {} as { program: Program; browser: Browser };
  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    [started.program, started.browser] = await Promise.all([startProgram(), launchChromium()]);
  }, 600_000);
  afterAll(async () => {
    await started.browser?.close();
    await started.program?.close();
  });
  return started;
}
