// Every page and what opens over it: what look.mjs looks for, and names of any kind.
import { describe, test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { House, operator, row, dialog, press } from './portal.mjs';
import { evil, look, long, rtl, still } from './look.mjs';

const admin = 'admin@acme.example';
const partner = 'admin@northwind.example';

let house;
before(async () => {
  house = await House.open();
  for (const name of [evil, rtl, long]) {
    await house.call(admin, 'apiToken/create', { name, description: name, lifetimeMs: 3600000 });
    await house.call(admin, 'enterpriseUser/updateEnterpriseUser', { id: 3, _update: { firstName: name, lastName: name } });
    await house.call(operator, 'enterprise/insertEnterprise', { name });
  }
  for (const name of [evil, long]) {
    await house.call(admin, 'oauthApp/insertOauthApp', { name, description: name, scope: { roleIds: [12] } });
    await house.call(admin, 'userGroup/insertUserGroup', { name, description: name });
    await house.call(admin, 'credential/insertCredential', { username: name, password: 'right horse 1', description: name });
  }
  // A text that turns the direction of what follows is no name to the portal; a description may be one.
  await house.call(admin, 'apiClient/insertApiClient', { clientId: 'c'.repeat(128), roleIds: [126, 127], firstName: evil, lastName: evil, description: rtl });
  await house.call(admin, 'userGroup/addUserGroupMembers', { id: 1, userIds: [2, 3, 4] });
  await house.call(admin, 'credential/shareCredentialWithUserGroup', { id: 1, userGroupId: 1 });
  await house.call(admin, 'compositeRole/createByEnterprise', { name: 'Auditor', userType: 'ENTERPRISE', functionalRoleIds: [126, 127] });
  for (const consent of ['EnterpriseDelegatedToOperator', 'EnterpriseUserManagementDelegatedToOperator']) await house.call(admin, `role/set${consent}`, { isDelegated: true });
});
after(() => house.close());

const visited = {
  [operator]: ['/operators', '/operators/1', '/partners', '/partners/1', '/customers', '/customers/1', '/customers/1/tokens', '/customers/1/users/2',
    '/customers/1/events', '/customers/1/settings', '/authentication', '/properties', '/explain', '/account'],
  [admin]: ['/users', '/users/3', '/users/5', '/authentication', '/delegation', '/account',
    '/apps', '/apps/1', '/clients', '/clients/3', '/credentials', '/credentials/1', '/groups', '/groups/1', '/roles', '/settings', '/events'],
  [partner]: ['/customers', '/customers/2', '/users', '/users/7'],
};

// Buttons by whom and where, and what they open.
const dialogs = {
  [operator]: { '/properties': ['New property'], '/customers/1': ['Delete customer'] },
  [admin]: {
    '/users': ['New user'],
    '/account': ['New API token', `Download API token ${evil}`, `Revoke API token ${evil}`, 'Renew API token demo', 'Set up a second factor'],
    '/apps': ['New OAuth app', 'Let an app act here'],
    '/clients/3': ['Delete API client'],
    '/credentials': [`Use ${evil}`],
    '/groups/1': ['Add members'],
    '/roles': ['Customize Global Settings Read Only'],
    '/settings': ['vco.api.rateLimit.rules.enterprise'],
  },
};

const file = text => text.replace(/\W+/g, '-').replace(/^-|-$/g, '');

describe('nothing is found', { concurrency: 2 }, () => {
  test('nothing is found on the pages of who is not signed in', async () => {
    const page = await (await house.person()).newPage();
    await page.goto(house.base);
    await still(page);
    await look(house, page, 'login');
    await press(page, 'Forgot your password?');
    await look(house, page, 'forgot');
    await page.goto(`${house.base}/reset#x`);
    await still(page);
    await look(house, page, 'reset');
    await page.context().close();
  });

  for (const who of Object.keys(visited)) {
    test(`nothing is found on the pages and dialogs of ${who}`, async () => {
      const page = await house.signedIn(who);
      for (const path of visited[who]) {
        await page.goto(`${house.base}/#${path}`);
        await still(page);
        assert.equal(await page.getByRole('heading', { name: 'Nothing here' }).count(), 0, path);
        await look(house, page, file(`${who.split('@')[0]} ${path}`));
        for (const button of dialogs[who]?.[path] ?? []) {
          await press(page, button);
          await dialog(page).waitFor();
          await look(house, page, file(`dialog ${path} ${button}`));
          await page.keyboard.press('Escape');
          await dialog(page).waitFor({ state: 'hidden' });
        }
      }
      await page.context().close();
    });
  }

  test('nothing is found where nothing is, nor on the list of columns', async () => {
    const page = await house.signedIn(admin, { at: '/nowhere' });
    await page.getByRole('heading', { name: 'Nothing here' }).waitFor();
    await look(house, page, 'nowhere');
    await page.goto(`${house.base}/#/users`);
    await page.locator('summary').click();
    await look(house, page, 'columns');
    await page.context().close();
  });

  test('names are shown as they were typed', async () => {
    const page = await house.signedIn(operator, { at: '/customers' });
    const typed = async name => {
      await page.getByRole('link', { name, exact: true }).click();
      await page.getByRole('heading', { name, exact: true }).waitFor();
      assert.equal(await page.locator('bdi img, bdi b').count(), 0);
      await page.goBack();
    };
    for (const name of [evil, rtl, long]) await typed(name);
    await page.context().close();
  });

  test('names of what an organisation has are shown as they were typed', async () => {
    const page = await house.signedIn(admin, { at: '/account' });
    for (const name of [evil, rtl, long]) await row(page, name).first().waitFor();
    await press(page, `Revoke API token ${evil}`);
    await dialog(page).getByText(evil).waitFor();
    await page.keyboard.press('Escape');
    for (const path of ['/apps', '/groups', '/credentials']) {
      for (const name of [evil, long]) {
        await page.goto(`${house.base}/#${path}`);
        await page.getByRole('link', { name, exact: true }).click();
        await page.getByRole('heading', { name, exact: true }).waitFor();
        assert.equal(await page.locator('bdi img, bdi b').count(), 0);
      }
    }
    await page.context().close();
  });
});
