// Every page that the superuser of a customer sees, and what opens over it: what look.mjs looks for.
import { describe, test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { House, row, dialog, press, leave } from './portal.mjs';
import { evil, look, long, named, rtl, visit } from './look.mjs';

const admin = 'admin@acme.example';

let house;
before(async () => {
  house = await House.open();
  await named(house, admin);
});
after(() => house.close());

const paths = ['/users', '/users/3', '/users/5', '/authentication', '/delegation', '/account', '/apps', '/apps/1', '/clients', '/clients/3', '/credentials',
  '/credentials/1', '/groups', '/groups/1', '/roles', '/settings', '/events', '/webhooks', '/webhooks/1'];

const dialogs = {
  '/users': ['New user'],
  '/account': ['New API token', `Download API token ${evil}`, `Revoke API token ${evil}`, 'Renew API token demo', 'Rotate API token demo', `Limits of ${evil}: Networks, Methods, Privileges`, 'Set up a second factor'],
  '/apps': ['New OAuth app', 'Let an app act here'],
  '/clients/3': ['Delete API client'],
  '/credentials': [`Use ${evil}`],
  '/groups/1': ['Add members'],
  '/roles': ['Customize Global Settings Read Only'],
  '/webhooks': ['New webhook'],
  '/settings': ['vco.api.rateLimit.rules.enterprise'],
};

describe('nothing is found', { concurrency: 2 }, () => {
  const half = paths.indexOf('/apps');
  for (const some of [paths.slice(0, half), paths.slice(half)]) {
    test(`on ${some[0]} to ${some.at(-1)} and their dialogs`, async () => {
      const page = await house.signedIn(admin);
      await visit(house, page, admin, some, dialogs);
      await leave(page);
    });
  }

  test('where nothing is, nor on the list of columns', async () => {
    const page = await house.signedIn(admin, { at: '/nowhere' });
    await page.getByRole('heading', { name: 'Nothing here' }).waitFor();
    await look(house, page, 'nowhere');
    await page.goto(`${house.base}/#/users`);
    await page.locator('summary').click();
    await look(house, page, 'columns');
    await leave(page);
  });
});

test('names are shown as they were typed', async () => {
  const page = await house.signedIn(admin, { at: '/account' });
  for (const name of [evil, rtl, long]) await row(page, name).first().waitFor();
  await press(page, `Revoke API token ${evil}`);
  await dialog(page).getByText(evil).waitFor();
  await page.keyboard.press('Escape');
  for (const path of ['/apps', '/groups', '/credentials', '/webhooks']) {
    for (const name of [evil, long]) {
      await page.goto(`${house.base}/#${path}`);
      await page.getByRole('link', { name, exact: true }).click();
      await page.getByRole('heading', { name, exact: true }).waitFor();
      assert.equal(await page.locator('bdi img, bdi b').count(), 0);
    }
  }
  await leave(page);
});
