import type { Page } from 'playwright-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { programInBrowser, SCREENSHOTS } from './program-in-browser.ts';

const started = programInBrowser();
let page: Page;
let complaints: string[];

beforeEach(async () => {
  await started.program.manager.clearAllCache();
  complaints = [];
  page = await started.browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`));
  await page.goto(started.program.client.url);
  await page.locator('#industry option').nth(2).waitFor({ state: 'attached' });
  await page.getByText('The cache is well.').waitFor();
});

afterEach(async () => {
  await page.close();
  expect(complaints).toEqual([]);
});

const origin = () => page.locator('#answer .badge').textContent();

/** Waits for the answer itself, as the page tells it. */
async function search(q: string): Promise<void> {
  await page.getByLabel('Search for').fill(q);
  const answered = page.waitForResponse((response) => response.url().includes('/search?'));
  await page.getByRole('button', { name: 'Search', exact: true }).click();
  await (await answered).finished();
  await page.locator('#results:not([aria-busy])').waitFor();
}

const watched = (label: string) => page.locator('#watched li', { hasText: label });

test('the second answer comes from the cache, and both durations are shown', async () => {
  await search('solar');
  expect(await origin()).toBe('from the database');
  await search('solar');
  expect(await origin()).toBe('from the cache');
  expect(await page.locator('#answer').textContent()).toMatch(/\d ms in the server, .*\d ms in all/);
  await page.locator('#popular').getByText('solar').waitFor();
});

test('both searches that show a lead follow its change, the third stays in the cache', async () => {
  const lead = await started.program.engine.lead(40);
  const byName = `"${lead?.name.toLowerCase()}"`;
  const byCompany = `"${lead?.company.toLowerCase()}"`;
  await search('axolotl');
  await search(byCompany);
  await search(byName);
  await page.getByRole('button', { name: `Edit ${lead?.name}` }).click();
  await page.getByRole('dialog').getByLabel('Employees').fill('4321');
  await page.getByRole('button', { name: 'Save' }).click();

  await page.getByText('Saved. 2 searches asked the database again, 1 stayed in the cache.').waitFor();
  for (const label of [byName, byCompany]) {
    await watched(label).getByText('from the database').waitFor();
    await watched(label).getByText('Shows the change.').waitFor();
  }
  await watched('axolotl').getByText('from the cache').waitFor();
  await watched('axolotl').getByText('Not affected.').waitFor();
  expect(await page.locator('#list .changed').textContent()).toContain('4,321 employees');
  await search(byCompany);
  expect(await origin()).toBe('from the cache');
  expect(await page.locator('#list').textContent()).toContain('4,321 employees');
});

test('everything can be done with the keyboard', async () => {
  const { keyboard } = page;
  const lead = await started.program.engine.lead(41);
  await keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the results');
  await keyboard.press('Tab');
  await keyboard.type(lead?.name.slice(0, 6).toLowerCase() ?? '');
  const box = page.getByRole('combobox', { name: 'Search for' });
  const option = page.getByRole('option', { name: lead?.name ?? '', exact: true });
  await option.waitFor();
  for (let presses = 0; (await option.getAttribute('aria-selected')) !== 'true'; presses++) {
    expect(presses).toBeLessThan(10);
    await keyboard.press('ArrowDown');
  }
  expect(await box.getAttribute('aria-activedescendant')).toBe(await option.getAttribute('id'));
  await keyboard.press('Enter');
  const edit = page.getByRole('button', { name: `Edit ${lead?.name}` });
  await edit.waitFor();
  expect(await box.getAttribute('aria-expanded')).toBe('false');

  const focused = () => page.evaluate('document.activeElement.getAttribute("aria-label")');
  for (let presses = 0; (await focused()) !== `Edit ${lead?.name}`; presses++) {
    expect(presses).toBeLessThan(10);
    await keyboard.press('Tab');
  }
  await keyboard.press('Enter');
  await page.getByRole('dialog', { name: `Edit ${lead?.name}` }).waitFor();
  await keyboard.press('Escape');
  expect(await focused()).toBe(`Edit ${lead?.name}`);

  await keyboard.press('Enter');
  await page.getByRole('dialog').getByLabel('Score').focus();
  await keyboard.press('ControlOrMeta+a');
  await keyboard.type('100');
  await keyboard.press('Enter');
  await page.getByText('score 100').waitFor();
  expect(await focused()).toBe(`Edit ${lead?.name}`);
});

test('what the server refuses is said in the dialog, and nothing is lost', async () => {
  await search('demo');
  await page
    .getByRole('button', { name: /^Edit / })
    .first()
    .click();
  await page.getByRole('dialog').getByLabel('Notes').fill('   ');
  await page.getByRole('button', { name: 'Save' }).click();
  expect(await page.getByRole('alert').textContent()).toContain('notes');
  await page.getByRole('button', { name: 'Cancel' }).click();
  complaints = complaints.filter((complaint) => !complaint.includes('400 (Bad Request)')); // the browser says that by itself
});

test.each([
  ['desktop', 1280, 900],
  ['phone', 375, 812],
] as const)('on a %s nothing is wider than the screen, and every control has a name', async (name, width, height) => {
  await page.setViewportSize({ width, height });
  await search('demo or budget');
  await search('demo or budget');
  await search('heat pumps');
  await page.locator('#popular').getByText('heat pumps').waitFor();
  await page.screenshot({ path: `${SCREENSHOTS}${name}.png`, fullPage: true });
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
  const unnamed = await page.evaluate(
    `[...document.querySelectorAll('input, select, textarea')].filter((field) => field.labels.length === 0).length`,
  );
  expect(unnamed).toBe(0);
  await page
    .getByRole('button', { name: /^Edit / })
    .first()
    .click();
  await page.screenshot({ path: `${SCREENSHOTS}${name}-editor.png` });
});
