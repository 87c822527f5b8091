// What is looked for on every page: nothing for a screen reader to stumble over, in both themes and on a phone.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// Names that somebody may type, and that no page may take for anything but text.
export const evil = '<img src=x onerror=alert(1)>"\'&amp;';
export const rtl = 'א\u202eשרה <b>bold</b>';
export const long = 'W'.repeat(128);

// A theme is other colours, a phone another order: what all looks have in common is looked at once.
const all = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const colours = ['color-contrast', 'link-in-text-block'];
const small = ['target-size', 'scrollable-region-focusable', 'label', 'button-name', 'empty-table-header'];

// The last one is that in which a page is left again.
const looks = [['dark', 360, small], ['dark', 1280, colours], ['light', 1280, all]];

// barriers are what axe finds on a page.
export async function barriers(page, runOnly = all) {
  if (!await page.evaluate(() => 'axe' in globalThis)) await page.evaluate(axe);
  const { violations } = await page.evaluate(options => globalThis.axe.run(document, options), { runOnly, resultTypes: ['violations'], preload: false });
  return violations.map(v => `${v.id}: ${v.nodes.map(n => n.html).join(' ')}`);
}

// wide says by how many pixels a page is wider than its window.
const wide = page => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

export async function still(page) {
  await page.waitForFunction(() => document.querySelector('#main, .door') && !document.querySelector('.spin'));
}

// look looks at a page in both themes, wide and narrow, and keeps pictures of it.
export async function look(house, page, name) {
  for (const [colorScheme, width, rules] of looks) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 800 });
    const what = `${name}-${colorScheme}-${width}`;
    assert.deepEqual(await barriers(page, rules), [], what);
    assert.equal(await wide(page), 0, `${what} is wider than its window`);
    await house.shot(page, what);
  }
}
