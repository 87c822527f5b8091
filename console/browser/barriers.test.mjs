// Every page that an operator, a partner or nobody sees, and what opens over it: what look.mjs looks for.
import { describe, test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { House, operator, press, leave } from './portal.mjs';
import { evil, look, long, named, rtl, still, visit } from './look.mjs';

let house;
before(async () => {
  house = await House.open();
  await named(house, 'admin@acme.example');
});
after(() => house.close());

const visited = {
  [operator]: ['/operators', '/operators/1', '/partners', '/partners/1', '/customers', '/customers/1', '/customers/1/tokens', '/customers/1/users/2',
    '/customers/1/events', '/customers/1/settings', '/customers/1/webhooks', '/authentication', '/properties', '/explain', '/account'],
  'admin@northwind.example': ['/customers', '/customers/2', '/users', '/users/7'],
};

const dialogs = { '/properties': ['New property'], '/customers/1': ['Delete customer'] };

describe('nothing is found', { concurrency: 2 }, () => {
  test('on the pages of who is not signed in', async () => {
    const page = await (await house.person()).newPage();
    await page.goto(house.base);
    await still(page);
    await look(house, page, 'login');
    await press(page, 'Forgot your password?');
    await look(house, page, 'forgot');
    await page.goto(`${house.base}/reset#x`);
    await still(page);
    await look(house, page, 'reset');
    await leave(page);
  });

  for (const who of Object.keys(visited)) {
    test(`on the pages and dialogs of ${who}`, async () => {
      const page = await house.signedIn(who);
      await visit(house, page, who, visited[who], who === operator ? dialogs : {});
      await leave(page);
    });
  }
});

test('names are shown as they were typed', async () => {
  const page = await house.signedIn(operator, { at: '/customers' });
  for (const name of [evil, rtl, long]) {
    await page.getByRole('link', { name, exact: true }).click();
    await page.getByRole('heading', { name, exact: true }).waitFor();
    assert.equal(await page.locator('bdi img, bdi b').count(), 0);
    await page.goBack();
  }
  await leave(page);
});
