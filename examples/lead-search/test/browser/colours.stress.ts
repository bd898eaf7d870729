import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { programInBrowser, SCREENSHOTS } from './program-in-browser.ts';

/** What `Cache-Status` says, and the badge that the page makes of it. */
const ANSWERS = [
  ['huntly; fwd=uri-miss; fwd-status=200; stored', 'from the database', 'miss'],
  ['huntly; hit; ttl=299', 'from the cache', 'hit'],
  ['huntly; hit; ttl=-3', 'from the cache, stale', 'stale'],
  ['huntly; fwd=uri-miss; ttl=299; collapsed', 'shared with another request', 'shared'],
] as const;
/** WCAG 2.2, 1.4.3, for text of normal size. */
const ENOUGH = 4.5;

const started = programInBrowser();

test.each(['light', 'dark'] as const)('every text can be read, in %s mode, with each badge', async (colorScheme) => {
  const page = await started.browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme });
  await page.goto(started.program.client.url);
  await page.getByText('The cache is well.').waitFor();
  for (const [status, words, origin] of ANSWERS) {
    await page.route('**/search?*', async (route) => {
      const response = await route.fetch();
      await route.fulfill({
        response,
        headers: { ...response.headers(), 'cache-status': status, 'x-answer-from': 'database' },
      });
    });
    await page.getByLabel('Search for').fill('solar');
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await page.locator('#answer .badge', { hasText: new RegExp(`^${words}$`) }).waitFor();
    await page.screenshot({ path: `${SCREENSHOTS}${colorScheme}-${origin}.png` });
    const faint = (await contrasts(page)).filter(({ ratio }) => ratio < ENOUGH);
    expect(faint, `${colorScheme}, ${origin}`).toEqual([]);
    await page.unroute('**/search?*');
  }
  await page.locator('#list button').first().click();
  await page.getByRole('dialog').waitFor();
  await page.screenshot({ path: `${SCREENSHOTS}${colorScheme}-dialog.png` });
  const seen = await contrasts(page);
  expect(seen.filter(({ ratio }) => ratio < ENOUGH)).toEqual([]);
  expect(seen.length).toBeGreaterThan(30);
  await page.close();
});

/** Of each text that is shown, against the colours that lie behind it; of a gradient the first one. */
function contrasts(page: Page): Promise<{ text: string; ratio: number }[]> {
  return page.evaluate(`(() => {
    const rgba = (text) => {
      const [r, g, b, a = 1] = text.match(/rgba?\\(([^)]*)\\)/)[1].split(/[ ,/]+/).map(Number);
      return [r, g, b, a];
    };
    const over = ([r, g, b, a], under) => [r, g, b].map((part, index) => part * a + under[index] * (1 - a));
    const behind = (element) => {
      if (!element) return [255, 255, 255];
      const { backgroundColor, backgroundImage } = getComputedStyle(element);
      const below = over(rgba(backgroundColor), behind(element.parentElement));
      return backgroundImage.includes('rgb') ? over(rgba(backgroundImage), below) : below;
    };
    const luminance = (colour) => {
      const [r, g, b] = colour.map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode.textContent.trim();
      const element = walker.currentNode.parentElement;
      if (text === '' || !element.checkVisibility() || element.matches(':disabled, option, script')) continue;
      const back = behind(element);
      const [one, other] = [luminance(over(rgba(getComputedStyle(element).color), back)), luminance(back)];
      found.push({ text: text.slice(0, 40), ratio: (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05) });
    }
    return found;
  })()`);
}
