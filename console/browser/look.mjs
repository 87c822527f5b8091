// What is looked for on every page: nothing for a screen reader to stumble over, in both themes and on a phone.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dialog, operator, press } from './portal.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// Names that somebody may type, and that no page may take for anything but text.
export const evil = '<img src=x onerror=alert(1)>"\'&amp;';
export const rtl = 'א\u202eשרה <b>bold</b>';
export const long = 'W'.repeat(128);

// A theme is other colours, a phone another order: what all looks have in common is looked at once.
const all = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const colours = ['color-contrast', 'link-in-text-block'];
const small = ['target-size', 'scrollable-region-focusable', 'label', 'button-name', 'empty-table-header'];

// Theme, width, rules. The last one is that in which a page is left again.
const looks = [['dark', 360, [...small, ...colours]], ['light', 1280, all]];

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

// A phone does not show the navigation and the heads of tables: their dark colours are looked at where most of them are.
const wideInTheDark = ['dark', 1280, colours];
const shownInTheDark = ['/users', '/customers/1', '/account', '/properties', '/events'];

// look looks at a page in both themes, wide and narrow, and keeps pictures of it.
export async function look(house, page, name, also) {
  for (const [colorScheme, width, rules] of also ? [also, ...looks] : looks) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 800 });
    const what = `${name}-${colorScheme}-${width}`;
    assert.deepEqual(await barriers(page, rules), [], what);
    assert.equal(await wide(page), 0, `${what} is wider than its window`);
    await house.shot(page, what);
  }
}

const file = text => text.replace(/\W+/g, '-').replace(/^-|-$/g, '');

// visit looks at pages, and at the dialogs that buttons on them open.
export async function visit(house, page, who, paths, dialogs = {}) {
  for (const path of paths) {
    await page.goto(`${house.base}/#${path}`);
    await still(page);
    assert.equal(await page.getByRole('heading', { name: 'Nothing here' }).count(), 0, path);
    await look(house, page, file(`${who.split('@')[0]} ${path}`), shownInTheDark.includes(path) && wideInTheDark);
    for (const button of dialogs[path] ?? []) {
      await press(page, button);
      await dialog(page).waitFor();
      await look(house, page, file(`dialog ${path} ${button}`));
      await page.keyboard.press('Escape');
      await dialog(page).waitFor({ state: 'hidden' });
    }
  }
}

const limits = { methods: ['enterprise/*', 'auth/check'], privileges: ['READ:ENTERPRISE'], sources: ['127.0.0.0/8', '2001:db8::7'] };

// named gives what an organisation has names of any kind.
export async function named(house, admin) {
  for (const name of [evil, rtl, long]) {
    await house.call(admin, 'apiToken/create', { name, description: name, lifetimeMs: 3600000, ...(name === evil && { limits }) });
    await house.call(admin, 'enterpriseUser/updateEnterpriseUser', { id: 3, _update: { firstName: name, lastName: name } });
    await house.call(operator, 'enterprise/insertEnterprise', { name });
  }
  for (const name of [evil, long]) {
    await house.call(admin, 'oauthApp/insertOauthApp', { name, description: name, scope: { roleIds: [12] } });
    await house.call(admin, 'userGroup/insertUserGroup', { name, description: name });
    await house.call(admin, 'credential/insertCredential', { username: name, password: 'right horse 1', description: name });
  }
  await house.call(admin, 'webhook/insertWebhook', { name: evil, url: 'https://hooks.example/x', events: ['USER_LOCKOUT', 'SOMETHING_ELSE'] });
  await house.call(admin, 'webhook/insertWebhook', { name: long, channel: 'MAIL', recipients: ['ops@acme.example', `${'w'.repeat(60)}@acme.example`], events: ['*'], enabled: false });
  // A text that turns the direction of what follows is no name to the portal; a description may be one.
  await house.call(admin, 'apiClient/insertApiClient', { clientId: 'c'.repeat(128), roleIds: [126, 127], firstName: evil, lastName: evil, description: rtl });
  await house.call(admin, 'userGroup/addUserGroupMembers', { id: 1, userIds: [2, 3, 4] });
  await house.call(admin, 'credential/shareCredentialWithUserGroup', { id: 1, userGroupId: 1 });
  await house.call(admin, 'compositeRole/createByEnterprise', { name: 'Auditor', userType: 'ENTERPRISE', functionalRoleIds: [126, 127] });
  for (const consent of ['EnterpriseDelegatedToOperator', 'EnterpriseUserManagementDelegatedToOperator']) await house.call(admin, `role/set${consent}`, { isDelegated: true });
}
