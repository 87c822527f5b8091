// Changing things: what is saved, what is lost, who is asked, and getting in.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import jsQR from 'jsqr';
import { House, operator, password, row, dialog, press, said, signIn, leave } from './portal.mjs';

let house;
before(async () => { house = await House.open(); });
after(() => house.close());

test('edits apply when they are saved, and unsaved ones are warned of', async () => {
  const page = await house.signedIn('admin@acme.example', { at: '/users/3' });
  const first = page.getByLabel('First name');
  const save = page.getByRole('button', { name: 'Save changes' });
  await first.fill('Olga');
  await page.getByText('There are unsaved changes.').waitFor();
  await house.shot(page, 'unsaved');
  await page.getByRole('link', { name: 'Authentication' }).click();
  await dialog(page).getByRole('button', { name: 'Cancel' }).click();
  assert.equal(await first.inputValue(), 'Olga');
  assert.match(page.url(), /#\/users\/3$/);
  await page.getByLabel('Role').selectOption({ label: 'Enterprise Support' });
  await save.click();
  await page.getByText('The changes are saved.').waitFor();
  await page.waitForFunction(() => !document.querySelector('.savebar.dirty'));
  assert.ok(await save.evaluate(e => e === document.activeElement), 'the focus stays');
  const user = await house.call('admin@acme.example', 'enterpriseUser/getEnterpriseUser', { id: 3 });
  assert.deepEqual([user.firstName, user.roleName], ['Olga', 'Enterprise Support']);
  await first.fill('Nobody');
  await page.getByRole('link', { name: 'Authentication' }).click();
  await dialog(page).getByRole('button', { name: 'Leave without saving' }).click();
  await page.getByRole('heading', { name: 'Authentication' }).waitFor();
  await page.goBack();
  await first.waitFor();
  assert.equal(await first.inputValue(), 'Olga');
  await first.fill('Nobody');
  await page.getByRole('button', { name: 'Discard' }).click();
  assert.equal(await first.inputValue(), 'Olga');
  await leave(page);
});

test('what is refused is told, beside the field, and what was typed is kept', async () => {
  const page = await house.signedIn('admin@acme.example', { at: '/users/3' });
  await page.getByLabel('New password').fill('short');
  await page.getByLabel('Confirm password').fill('short');
  await page.getByRole('button', { name: 'Save changes' }).click();
  await page.getByText('It has fewer than 8 characters.').first().waitFor();
  assert.equal(await page.getByLabel('New password').getAttribute('aria-invalid'), 'true');
  assert.equal(await page.getByLabel('New password').inputValue(), 'short');
  await leave(page);
});

test('who is not enabled any more is signed out', async () => {
  const support = await house.signedIn('support@acme.example', { at: '/account' });
  const page = await house.signedIn('admin@acme.example', { at: '/users/4' });
  await page.getByLabel('Not enabled').check();
  await page.getByRole('button', { name: 'Save changes' }).click();
  await page.getByText('The changes are saved.').waitFor();
  await support.getByRole('button', { name: 'Refresh' }).click();
  await dialog(support).getByText('Your session has ended').waitFor();
  await dialog(support).getByLabel('Password').fill(password);
  await dialog(support).getByRole('button', { name: 'Sign in', exact: true }).click();
  await dialog(support).getByText('Invalid username or password').waitFor();
  await leave(page);
  await leave(support);
});

test('a session that ends in the middle costs nothing that was typed', async () => {
  const page = await house.signedIn('admin@acme.example', { at: '/users/5' });
  await page.getByLabel('Last name').fill('Kept');
  await page.context().clearCookies();
  await page.getByRole('button', { name: 'Save changes' }).click();
  await dialog(page).getByText('Your session has ended').waitFor();
  assert.match(await dialog(page).evaluate(d => getComputedStyle(d, '::backdrop').backgroundColor), /^rgb\(/, 'what is below is hidden');
  await house.shot(page, 'session-over');
  await page.keyboard.press('Escape');
  assert.equal(await dialog(page).getByLabel('Username').inputValue(), 'admin@acme.example');
  await dialog(page).getByLabel('Password').fill('wrong');
  await dialog(page).getByRole('button', { name: 'Sign in', exact: true }).click();
  await dialog(page).getByText('Invalid username or password').waitFor();
  await dialog(page).getByLabel('Password').fill(password);
  await dialog(page).getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByText('The changes are saved.').waitFor();
  assert.equal((await house.call('admin@acme.example', 'enterpriseUser/getEnterpriseUser', { id: 5 })).lastName, 'Kept');
  await leave(page);
});

test('a user is made and deleted', async () => {
  const page = await house.signedIn('admin@acme.example', { at: '/users' });
  await page.getByRole('button', { name: 'New user' }).click();
  await dialog(page).getByLabel('Username').fill('new@acme.example');
  await dialog(page).locator('[name=password]').fill('correct horse 1');
  await dialog(page).getByLabel('Confirm password').fill('correct horse 2');
  const make = dialog(page).getByRole('button', { name: 'Create' });
  await make.press('Enter');
  await dialog(page).getByText('It differs from the password.').first().waitFor();
  await page.waitForFunction(() => document.activeElement.type === 'submit', null, { timeout: 1000 }); // it was disabled for a while
  await dialog(page).getByLabel('Confirm password').fill('correct horse 1');
  await dialog(page).getByRole('button', { name: 'Create' }).click();
  await page.getByRole('heading', { name: 'new@acme.example' }).waitFor();
  await page.getByRole('button', { name: 'Delete user' }).click();
  await dialog(page).getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('heading', { name: 'Users', exact: true }).waitFor();
  await row(page, 'ops@acme.example').waitFor();
  assert.equal(await row(page, 'new@acme.example').count(), 0);
  await leave(page);
});

test('one changes his password, and signs in with it', async () => {
  const page = await house.signedIn('business@northwind.example', { at: '/account' });
  await page.getByLabel('Current password').fill(password);
  await page.getByLabel('New password').fill('correct horse 2');
  await page.getByLabel('Confirm password').fill('correct horse 2');
  await page.getByRole('button', { name: 'Set password' }).click();
  await dialog(page).getByText('Your session has ended').waitFor();
  await dialog(page).getByLabel('Password').fill('correct horse 2');
  await dialog(page).getByRole('button', { name: 'Sign in', exact: true }).click();
  await dialog(page).waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: 'Sign out' }).click();
  await signIn(page, 'business@northwind.example', password);
  await page.getByText('Invalid username or password').waitFor();
  await signIn(page, 'business@northwind.example', 'correct horse 2');
  await page.locator('#main').waitFor();
  await leave(page);
});

// code is that of an app for a seed, now (RFC 6238).
function code(seed) {
  const bits = [...seed].map(c => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map(b => Number.parseInt(b, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000)));
  const mac = createHmac('sha1', key).update(counter).digest();
  return String((mac.readUInt32BE(mac.at(-1) & 15) & 0x7fffffff) % 1000000).padStart(6, '0');
}

// scanned is what a camera reads from a QR code: two by two dots for each module.
async function scanned(svg) {
  const path = await svg.locator('.dark').getAttribute('d');
  const modules = Number((await svg.getAttribute('viewBox')).split(' ')[2]);
  return decoded(path, modules);
}

function decoded(path, modules) {
  const size = modules * 2;
  const dots = new Uint8ClampedArray(size * size * 4).fill(255);
  for (const [, x, y] of path.matchAll(/M(\d+) (\d+)h1v1h-1z/g)) {
    for (let i = 0; i < 4; i++) {
      const at = ((y * 2 + (i >> 1)) * size + x * 2 + (i & 1)) * 4;
      dots.fill(0, at, at + 3);
    }
  }
  return jsQR(dots, size, size)?.data;
}

test('QR codes of every size are read', async () => {
  const page = await (await house.person()).newPage();
  await page.goto(house.base);
  const codes = await page.evaluate(async () => {
    const { qr } = await import('/console/qr.js');
    return Array.from({ length: 46 }, (_, i) => 'otpauth://é'.padEnd(i * 9, `${i}abc`)).map(text => [text, qr(text).map(row => row.map(Number).join('')).join('\n')]);
  });
  const sizes = new Set();
  for (const [text, lines] of codes) {
    const grid = lines.split('\n');
    const path = grid.flatMap((row, y) => [...row].flatMap((dark, x) => (dark === '1' ? [`M${x + 4} ${y + 4}h1v1h-1z`] : []))).join('');
    assert.equal(decoded(path, grid.length + 8), text);
    sizes.add((grid.length - 17) / 4);
  }
  assert.deepEqual([...sizes], Array.from({ length: 15 }, (_, i) => i + 1));
  await leave(page);
});

test('a second factor is set up, asked for at the login, and reset by an administrator', async () => {
  const page = await house.signedIn('ops@acme.example', { at: '/account' });
  await page.getByRole('button', { name: 'Set up a second factor' }).click();
  await dialog(page).getByLabel('Current password').fill(password);
  await dialog(page).getByRole('button', { name: 'Continue' }).click();
  const seed = (await dialog(page).locator('.seed').textContent()).replaceAll(' ', '');
  assert.match(await scanned(dialog(page).getByRole('img', { name: 'QR code' })), new RegExp(`^otpauth://totp/.*secret=${seed}`));
  await house.shot(page, 'second-factor');
  await dialog(page).locator('[name=code]').fill(code(seed));
  await dialog(page).getByRole('button', { name: 'Confirm' }).click();
  const codes = (await dialog(page).getByLabel('Recovery codes').inputValue()).split('\n');
  assert.equal(codes.length, 10);
  for (let i = 0; i < 3; i++) await page.keyboard.press('Escape');
  await dialog(page).getByLabel('Recovery codes').waitFor();
  await house.shot(page, 'recovery-codes');
  await dialog(page).getByRole('button', { name: 'I have kept it' }).click();
  await page.getByText('Recovery codes left').waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await signIn(page, 'ops@acme.example');
  await page.getByText('Invalid username or password').waitFor();
  await page.getByLabel('Code').fill(codes[0]);
  await signIn(page, 'ops@acme.example');
  await page.locator('#main').waitFor();
  const admin = await house.signedIn('admin@acme.example', { at: '/users/3' });
  await admin.getByRole('button', { name: 'Reset second factor' }).click();
  await dialog(admin).getByRole('button', { name: 'Reset' }).click();
  await admin.getByText('The second factor of ops@acme.example is removed.').waitFor();
  await leave(admin);
  await leave(page);
});

test('who signs in as somebody else in one tab is not who he was in another', async () => {
  const first = await house.signedIn('admin@acme.example', { at: '/users' });
  const second = await first.context().newPage();
  await second.goto(house.base);
  await second.getByRole('button', { name: 'Sign out' }).click();
  await signIn(second, operator);
  await second.locator('#main').waitFor();
  await first.locator('.top').getByText(operator).waitFor();
  await leave(first);
});

test('who signs out in one tab leaves nothing to read in another', async () => {
  const first = await house.signedIn('admin@acme.example', { at: '/users' });
  const second = await first.context().newPage();
  await second.goto(house.base);
  await press(second, 'Sign out');
  await first.getByLabel('Username').waitFor();
  assert.ok(!(await first.content()).includes('ops@acme.example'));
  await leave(first);
});

test('who comes back to a tab after somebody else has signed in elsewhere is not who he was', async () => {
  const page = await house.signedIn('admin@acme.example', { at: '/users/3' });
  await page.getByLabel('Last name').fill('of the first');
  const [name, value] = (await house.session(operator)).split('=');
  await page.context().addCookies([{ url: house.base, name, value, httpOnly: true, secure: true, sameSite: 'Strict' }]);
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await page.locator('.top').getByText(operator).waitFor();
  await page.getByRole('heading', { name: 'Nothing here' }).waitFor();
  await leave(page);
});

test('who signs out is asked about what is not saved, and told when it fails', async () => {
  const page = await house.signedIn('admin@acme.example', { at: '/users/3' });
  await page.getByLabel('Last name').fill('unsaved');
  await press(page, 'Sign out');
  await press(dialog(page), 'Cancel');
  assert.equal(await page.getByLabel('Last name').inputValue(), 'unsaved');
  await page.route('**/portal', route => route.abort());
  await press(page, 'Sign out');
  await press(dialog(page), 'Leave without saving');
  await said(page, 'Signing out has failed: you are still signed in.');
  await page.unroute('**/portal');
  await press(page, 'Sign out');
  await press(dialog(page), 'Leave without saving');
  await page.getByLabel('Username').waitFor();
  house.faults = house.faults.filter(f => !f.includes('net::ERR_FAILED'));
  await leave(page);
});

test('the link of a mail sets a new password, once', async () => {
  const page = await (await house.person()).newPage();
  await page.goto(`${house.base}/reset#nothing`);
  const set = async () => {
    await page.getByLabel('New password').fill('correct horse 3');
    await page.getByLabel('Confirm password').fill('correct horse 3');
    await page.getByRole('button', { name: 'Set password' }).click();
  };
  await set();
  await page.getByText('is unknown, used, or no longer good').waitFor();
  await page.route('**/portal', async route => {
    const call = route.request().postDataJSON();
    if (call.method !== 'login/redeemPasswordReset') return route.continue();
    assert.deepEqual(call.params, { token: 'nothing', password: 'correct horse 3', password2: 'correct horse 3' });
    return route.fulfill({ json: { jsonrpc: '2.0', id: call.id, result: { rows: 1 } } });
  });
  await set();
  await page.getByText('The new password is set.').waitFor();
  assert.equal(page.url(), `${house.base}/`);
  await signIn(page, 'admin@acme.example');
  await page.getByRole('heading', { name: 'Users' }).waitFor();
  await leave(page);
});

test('what a customer has not consented to is said, and shown once he has', async () => {
  const page = await house.signedIn(operator, { at: '/customers/1' });
  await page.getByText('These users are shown once the customer or partner has consented').waitFor();
  const admin = await house.signedIn('admin@acme.example', { at: '/delegation' });
  await admin.getByLabel('Operator users may manage the users').check();
  await admin.getByRole('button', { name: 'Save changes' }).click();
  await admin.getByText('The changes are saved.').waitFor();
  await leave(admin);
  await page.getByRole('link', { name: 'Partners' }).click();
  await page.getByRole('heading', { name: 'Partners' }).waitFor();
  await page.goBack();
  await page.getByRole('link', { name: 'ops@acme.example' }).click();
  await page.getByRole('heading', { name: 'API tokens' }).waitFor();
  await page.getByRole('button', { name: 'Save changes' }).waitFor();
  await page.goto(`${house.base}/#/customers/2/users/3`);
  await page.getByRole('heading', { name: 'Nothing here' }).waitFor(); // he is not of this one
  await leave(page);
});

test('a refusal is told in the language of the page, with the words of the portal below', async () => {
  const page = await house.signedIn('admin@acme.example', { at: '/users/3' });
  await page.getByLabel('Language').first().selectOption('de');
  await page.getByLabel('Neues Kennwort').fill('short');
  await page.getByLabel('Kennwort bestätigen').fill('short');
  await press(page, 'Änderungen speichern');
  await page.getByRole('alert').getByText('Es hat weniger als 8 Zeichen.').waitFor();
  await page.getByRole('alert').getByText('has fewer than 8 characters').waitFor();
  assert.equal(await page.locator('.problem').textContent(), 'Es hat weniger als 8 Zeichen.');
  await leave(page);
});

test('a mail that sets a new password is sent after a question', async () => {
  const { id } = await house.call('admin@acme.example', 'enterprise/insertEnterpriseUser', { username: 'nomail', password, password2: password, roleId: 12 });
  const page = await house.signedIn('admin@acme.example', { at: `/users/${id}` });
  await press(page, 'Reset password');
  await press(dialog(page), 'Send e-mail');
  await said(dialog(page), 'The user has no e-mail address');
  await press(dialog(page), 'Cancel');
  await page.getByLabel('E-mail').fill('nomail@acme.example');
  await press(page, 'Save changes');
  await said(page, 'The changes are saved.');
  await press(page, 'Reset password');
  await press(dialog(page), 'Send e-mail');
  await said(page, 'The e-mail to nomail is on its way.');
  await leave(page);
});

test('what is typed while changes are saved stays', async () => {
  const page = await house.signedIn('admin@acme.example', { at: '/users/5' });
  await page.route('**/portal', async route => {
    if (route.request().postDataJSON().method === 'enterpriseUser/updateEnterpriseUser') await new Promise(done => setTimeout(done, 400));
    return route.continue();
  });
  await page.getByLabel('First name').fill('Saved');
  await press(page, 'Save changes');
  await page.getByLabel('Last name').fill('Typed');
  await said(page, 'The changes are saved.');
  await said(page, 'There are unsaved changes.');
  assert.equal(await page.getByLabel('Last name').inputValue(), 'Typed');
  await press(page, 'Discard');
  assert.deepEqual([await page.getByLabel('First name').inputValue(), await page.getByLabel('Last name').inputValue()], ['Saved', 'Kept']);
  await leave(page);
});

test('what is typed stays when the page cannot be read again', async () => {
  const page = await house.signedIn('admin@acme.example', { at: '/users/5' });
  await page.route('**/portal', async route => {
    const { method } = route.request().postDataJSON();
    if (method === 'enterpriseUser/getEnterpriseUser') return route.abort();
    if (method === 'enterpriseUser/updateEnterpriseUser') await new Promise(done => setTimeout(done, 300));
    return route.continue();
  });
  await page.getByLabel('First name').fill('Sent');
  await press(page, 'Save changes');
  await page.getByLabel('Mobile phone').fill('+49 30 1');
  await page.getByText('The portal does not answer.').waitFor();
  assert.equal(await page.getByLabel('Mobile phone').inputValue(), '+49 30 1');
  await page.unroute('**/portal');
  await press(page, 'Try again');
  await page.getByText('The portal does not answer.').waitFor({ state: 'hidden' });
  assert.equal(await page.getByLabel('Mobile phone').inputValue(), '+49 30 1');
  await press(page, 'Discard');
  house.faults = house.faults.filter(f => !f.includes('net::ERR_FAILED'));
  await leave(page);
});

test('a page that fails leaves the others, and one that comes late is not shown', async () => {
  const page = await house.signedIn('admin@acme.example', { at: '/users' });
  await page.route('**/portal', async route => {
    const call = route.request().postDataJSON();
    if (call.method !== 'enterpriseUser/getEnterpriseUser') return route.continue();
    if (call.params.id === 3) return route.fulfill({ json: { jsonrpc: '2.0', id: call.id, result: { id: 3, username: 'ops@acme.example', created: 'at no time' } } });
    if (call.params.id === 4) await new Promise(done => setTimeout(done, 500));
    return route.continue().catch(() => {});
  });
  await page.getByRole('link', { name: 'ops@acme.example' }).click();
  await said(page, 'This page has failed.');
  await page.goBack();
  await page.getByRole('link', { name: 'support@acme.example' }).click();
  await page.getByRole('status').getByText('Loading').waitFor();
  await page.goto(`${house.base}/#/users/5`);
  await page.getByRole('heading', { name: 'readonly@acme.example' }).waitFor();
  await page.waitForTimeout(600);
  await page.getByRole('heading', { name: 'readonly@acme.example' }).waitFor();
  house.faults = house.faults.filter(f => !f.includes('/users/3: '));
  await leave(page);
});

test('a customer and a partner are changed and deleted', async () => {
  const page = await house.signedIn(operator, { at: '/customers' });
  const { id } = await house.call(operator, 'enterprise/insertEnterprise', { name: 'Hooli' });
  await page.goto(`${house.base}/#/customers/${id}`);
  await page.getByLabel('City').fill('Unsaved');
  await page.getByRole('link', { name: 'Partners' }).click();
  await press(dialog(page), 'Cancel');
  await page.locator('[name=name]').fill('Hooli Ltd');
  await press(page, 'Save changes');
  await said(page, 'The changes are saved.');
  await page.getByRole('heading', { name: 'Hooli Ltd' }).waitFor();
  const changed = await house.call(operator, 'enterprise/getEnterprise', { id });
  assert.deepEqual([changed.name, changed.city, changed.contactName ?? null], ['Hooli Ltd', 'Unsaved', null]);
  await page.getByLabel('City').fill('Not saved');
  await press(page, 'Delete customer');
  assert.ok(await dialog(page).getByRole('button', { name: 'Delete', exact: true }).isDisabled());
  await dialog(page).getByLabel('Type the name to confirm').fill('Hooli Ltd');
  await press(dialog(page), 'Delete');
  await said(page, 'Hooli Ltd is deleted.');
  await page.getByRole('heading', { name: 'Customers', exact: true }).waitFor();
  assert.equal(await house.call(operator, 'enterprise/getEnterprise', { id }), null);

  await page.goto(`${house.base}/#/partners/1`);
  await page.getByLabel('Phone', { exact: true }).fill('+49 30 1234567');
  await press(page, 'Save changes');
  await said(page, 'The changes are saved.');
  await press(page, 'Delete partner');
  await dialog(page).getByLabel('Type the name to confirm').fill(await page.getByRole('heading', { level: 1, includeHidden: true }).textContent());
  await press(dialog(page), 'Delete');
  await said(dialog(page), /has \d+ customers/);
  await leave(page);
});

test('a customer and a partner are made', async () => {
  const page = await house.signedIn(operator, { at: '/customers' });
  for (const [list, button, name] of [['Customers', 'New customer', 'Initech'], ['Partners', 'New partner', 'Southwind']]) {
    await page.getByRole('link', { name: list }).click();
    await page.getByRole('button', { name: button }).click();
    await dialog(page).locator('[name=name]').fill(name);
    await dialog(page).getByRole('button', { name: 'Create' }).click();
    await page.getByRole('heading', { name }).waitFor();
  }
  await leave(page);
});

test('who must first do something is led to it', async () => {
  await house.call(operator, 'systemProperty/updateSystemProperty', { name: 'vco.enterprise.authentication.twoFactor.require', _update: { value: 'true' } });
  const page = await (await house.person()).newPage();
  await page.goto(house.base);
  await signIn(page, 'admin@globex.example');
  await page.getByRole('heading', { name: 'A second factor is required' }).waitFor();
  await page.getByLabel('Current password').fill(password);
  await page.getByRole('button', { name: 'Continue' }).click();
  const seed = (await page.locator('.seed').textContent()).replaceAll(' ', '');
  await page.locator('[name=code]').fill(code(seed));
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByRole('button', { name: 'I have kept it' }).click();
  await page.locator('#main').waitFor();
  await leave(page);
  await house.call(operator, 'systemProperty/updateSystemProperty', { name: 'vco.enterprise.authentication.twoFactor.require', _update: { value: 'false' } });
});

test('the keyboard alone suffices', async () => {
  const page = await (await house.person()).newPage();
  await page.goto(house.base);
  await page.getByLabel('Username').waitFor();
  const focused = () => page.evaluate(() => {
    const e = document.activeElement;
    return (e.labels?.[0]?.textContent ?? e.getAttribute('aria-label') ?? e.textContent).trim().replace(/\s+/g, ' ');
  });
  // to presses Tab until something has the focus.
  const to = async (name, key = 'Tab') => {
    for (let i = 0; i < 60; i++) {
      if ((await focused()).startsWith(name)) return;
      await page.keyboard.press(key);
    }
    assert.fail(`${name} is not reached; the focus is on ${await focused()}`);
  };
  const type = async (name, text) => {
    await to(name);
    await page.keyboard.type(text);
  };
  await type('Username', 'support@acme.example');
  await house.call('admin@acme.example', 'enterpriseUser/updateEnterpriseUser', { id: 4, _update: { isActive: true } });
  await type('Password', password);
  await page.keyboard.press('Enter');
  await page.locator('#main').waitFor();
  await to('To the content');
  await page.keyboard.press('Enter');
  await to('My account', 'Shift+Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'My API tokens' }).waitFor();
  await to('New API token');
  await page.keyboard.press('Enter');
  await dialog(page).waitFor();
  assert.match(await focused(), /^Name/);
  await page.keyboard.type('by keyboard');
  await page.keyboard.press('Enter');
  await row(page, 'by keyboard').waitFor();
  assert.match(await focused(), /^New API token/, 'the focus goes back to where it came from');
  await to('Download API token by keyboard');
  await page.keyboard.press('Enter');
  await dialog(page).waitFor();
  await page.keyboard.press('Enter');
  await dialog(page).getByLabel('Text of the API token').waitFor();
  await to('I have kept it');
  await page.keyboard.press('Enter');
  await row(page, 'by keyboard').getByText('Enabled').waitFor();
  await to('Revoke API token by keyboard');
  await page.keyboard.press('Enter');
  await dialog(page).waitFor();
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({ state: 'hidden' });
  await row(page, 'by keyboard').getByText('Enabled').waitFor();
  await leave(page);
});
