// The day of an API token, as each kind of user lives it.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { House, operator, password, row, dialog, press, said, slowly, leave } from './portal.mjs';
import { look } from './look.mjs';

let house;
before(async () => { house = await House.open(); });
after(() => house.close());

async function create(page, name, { description = '', lifetime } = {}) {
  await press(page, 'New API token');
  await dialog(page).getByLabel('Name').fill(name);
  await dialog(page).getByLabel('Description').fill(description);
  if (lifetime) await dialog(page).getByLabel('Lifetime').selectOption({ label: lifetime });
  await dialog(page).getByRole('button', { name: 'Create' }).click();
  await row(page, name).getByText('Pending').waitFor();
}

async function download(page, name) {
  await page.getByRole('button', { name: `Download API token ${name}` }).click();
  await dialog(page).getByRole('button', { name: 'Download' }).click();
  const text = await dialog(page).getByLabel('Text of the API token').inputValue();
  assert.match(text, /^[\w-]+\.[\w-]+\.[\w-]+$/);
  return text;
}

async function revoke(page, name) {
  await page.getByRole('button', { name: `Revoke API token ${name}` }).click();
  await dialog(page).getByText('This cannot be undone').waitFor();
  await dialog(page).getByRole('button', { name: 'Revoke' }).click();
  await row(page, name).getByText('Revoked').waitFor();
}

for (const [who, username] of [['the operator', operator], ['the superuser of a customer', 'admin@acme.example'], ['a standard admin', 'ops@acme.example']]) {
  test(`the token day of ${who}`, async () => {
    const page = await house.signedIn(username, { at: '/account' });
    await create(page, 'job', { description: 'every night', lifetime: '7 days' });
    await house.shot(page, `token-pending-${username}`);
    const text = await download(page, 'job');
    await house.shot(page, `token-text-${username}`);
    for (let i = 0; i < 3; i++) await page.keyboard.press('Escape');
    await dialog(page).getByText('This is shown once.').waitFor();
    await dialog(page).getByRole('button', { name: 'Copy' }).click();
    await dialog(page).getByText('Copied.').waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), text);
    const [saved] = await Promise.all([page.waitForEvent('download'), dialog(page).getByRole('button', { name: 'Save as a file' }).click()]);
    assert.equal(saved.suggestedFilename(), 'job.token');
    await dialog(page).getByRole('button', { name: 'I have kept it' }).click();
    await row(page, 'job').getByText('Enabled').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Download API token job' }).count(), 0, 'it is not offered twice');
    assert.ok(!(await page.content()).includes(text), 'the text has left the page');
    assert.equal((await house.byToken(text)).username, username);
    await page.getByRole('button', { name: 'Refresh' }).click();
    await revoke(page, 'job');
    assert.match((await house.byToken(text)).error.message, /revoked/);
    await leave(page);
  });
}

test('a token is renewed by who has its text', async () => {
  const page = await house.signedIn('ops@acme.example', { at: '/account' });
  await create(page, 'renewed');
  const text = await download(page, 'renewed');
  await press(dialog(page), 'I have kept it');
  await create(page, 'another');
  const other = await download(page, 'another');
  await press(dialog(page), 'I have kept it');
  await press(page, 'Renew API token renewed');
  await dialog(page).getByLabel('Text of the API token').fill(other);
  await press(dialog(page), 'Renew');
  await said(dialog(page), 'This is not the text of the API token renewed.');
  await dialog(page).getByLabel('Text of the API token').fill(` ${text}\n`);
  await press(dialog(page), 'Renew');
  await said(dialog(page), 'This is shown once.');
  for (let i = 0; i < 3; i++) await page.keyboard.press('Escape');
  const next = await dialog(page).getByLabel('Text of the API token').inputValue();
  assert.match((await house.byToken(text)).error.message, /invalid token/);
  assert.equal((await house.byToken(next)).username, 'ops@acme.example');
  assert.equal((await house.byToken(other)).username, 'ops@acme.example');
  await press(dialog(page), 'I have kept it');
  assert.ok(!(await page.content()).includes(next), 'the text has left the page');
  await leave(page);
});

test('a superuser makes a token for another, who alone can download it', async () => {
  const admin = await house.signedIn('admin@acme.example', { at: '/users' });
  await admin.getByRole('link', { name: 'ops@acme.example' }).click();
  await create(admin, 'for ops');
  assert.equal(await admin.getByRole('button', { name: 'Download API token for ops' }).count(), 0);
  await admin.getByRole('link', { name: 'Authentication' }).click();
  await row(admin, 'for ops').getByRole('link', { name: 'ops@acme.example' }).waitFor();
  const ops = await house.signedIn('ops@acme.example', { at: '/account' });
  await row(ops, 'for ops').getByText('Pending').waitFor();
  await download(ops, 'for ops');
  await admin.getByRole('button', { name: 'Refresh' }).click();
  await row(admin, 'for ops').getByText('Enabled').waitFor();
  await revoke(admin, 'for ops');
  await leave(admin);
  await leave(ops);
});

test('who reads only is offered nothing that he may not do', async () => {
  const page = await house.signedIn('readonly@acme.example', { at: '/users' });
  await page.getByRole('link', { name: 'ops@acme.example' }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'New user' }).count(), 0);
  assert.equal(await page.getByRole('link', { name: 'Authentication' }).count(), 0);
  await page.getByRole('link', { name: 'ops@acme.example' }).click();
  await page.getByRole('heading', { name: 'ops@acme.example' }).waitFor();
  for (const name of ['Save changes', 'Reset password', 'Delete user', 'New API token']) assert.equal(await page.getByRole('button', { name }).count(), 0, name);
  assert.equal(await page.getByRole('textbox').count(), 0);
  await page.getByRole('link', { name: 'My account' }).click();
  await page.getByRole('heading', { name: 'Who I am' }).waitFor();
  assert.equal(await page.getByRole('heading', { name: 'My API tokens' }).count(), 0);
  await page.goto(`${house.base}/#/operators`);
  await page.getByRole('heading', { name: 'Nothing here' }).waitFor();
  await leave(page);
});

test('of two tabs that race for a download one gets the text', async () => {
  await house.call('ops@acme.example', 'apiToken/create', { name: 'race', lifetimeMs: 3600000 });
  const first = await house.signedIn('ops@acme.example', { at: '/account' });
  const second = await first.context().newPage();
  await second.goto(`${house.base}/#/account`);
  const tabs = [first, second];
  for (const tab of tabs) await tab.getByRole('button', { name: 'Download API token race' }).click();
  await Promise.all(tabs.map(tab => dialog(tab).getByRole('button', { name: 'Download' }).click()));
  const got = await Promise.all(tabs.map(async tab => {
    await dialog(tab).getByLabel('Text of the API token').or(dialog(tab).getByRole('alert')).waitFor();
    return dialog(tab).getByLabel('Text of the API token').count();
  }));
  assert.deepEqual(got.toSorted(), [0, 1]);
  const loser = tabs[got.indexOf(0)];
  await dialog(loser).getByText('The present state does not allow this.').waitFor();
  await dialog(loser).getByRole('button', { name: 'Cancel' }).click();
  await row(loser, 'race').getByText('Enabled').waitFor();
  await leave(first);
});

test('two clicks are one', async () => {
  const page = await house.signedIn('support@acme.example', { at: '/account' });
  await page.getByRole('button', { name: 'New API token', exact: true }).dblclick();
  assert.equal(await dialog(page).count(), 1);
  await dialog(page).getByLabel('Name').fill('twice');
  const calls = [];
  await page.route('**/portal', async route => {
    calls.push(route.request().postDataJSON().method);
    await new Promise(done => setTimeout(done, 200));
    return route.continue();
  });
  await dialog(page).getByRole('button', { name: 'Create' }).dblclick();
  await row(page, 'twice').getByText('Pending').waitFor();
  assert.equal(calls.filter(m => m === 'enterprise/createApiToken').length, 1);
  await leave(page);
});

test('a session that ends in a dialog costs nothing that was typed there', async () => {
  const page = await house.signedIn('support@acme.example', { at: '/account' });
  await press(page, 'New API token');
  await dialog(page).getByLabel('Name').fill('late');
  await page.context().clearCookies();
  await press(dialog(page), 'Create');
  const again = dialog(page).filter({ hasText: 'Your session has ended' });
  await again.getByLabel('Password').fill(password);
  await again.getByRole('button', { name: 'Sign in', exact: true }).click();
  await row(page, 'late').getByText('Pending').waitFor();
  assert.equal(await dialog(page).count(), 0);
  await leave(page);
});

test('a dialog is left with its page, but for what is shown once', async () => {
  const page = await house.signedIn('support@acme.example', { at: '/users' });
  await page.getByRole('link', { name: 'My account' }).click();
  await press(page, 'New API token');
  await dialog(page).waitFor();
  await page.goBack();
  await page.getByRole('heading', { name: 'Users', exact: true }).waitFor();
  await dialog(page).waitFor({ state: 'hidden' });
  await page.goForward();
  await create(page, 'kept');
  const text = await download(page, 'kept');
  await page.goBack();
  await page.getByRole('heading', { name: 'Users', exact: true, includeHidden: true }).waitFor();
  assert.equal(await dialog(page).getByLabel('Text of the API token').inputValue(), text);
  const warned = () => page.evaluate(() => !dispatchEvent(new Event('beforeunload', { cancelable: true })));
  assert.equal(await warned(), true, 'a reload is asked about');
  await press(dialog(page), 'I have kept it');
  await dialog(page).waitFor({ state: 'hidden' });
  assert.equal(await warned(), false);
  await leave(page);
});

test('a dialog is left with its page in the moment in which it appears', async () => {
  const page = await house.signedIn('support@acme.example', { at: '/account' });
  await page.getByRole('button', { name: 'New API token', exact: true }).waitFor();
  await page.evaluate(() => new MutationObserver((_, watch) => {
    if (!document.querySelector('dialog')) return;
    watch.disconnect();
    history.pushState(null, '', '#/users');
    dispatchEvent(new Event('hashchange'));
  }).observe(document, { childList: true, subtree: true }));
  await press(page, 'New API token');
  await page.getByRole('heading', { name: 'Users', exact: true }).waitFor();
  await dialog(page).waitFor({ state: 'hidden' });
  await leave(page);
});

test('who presses Escape too soon loses no secret that is on its way', async () => {
  const page = await house.signedIn('ops@acme.example', { at: '/account' });
  await create(page, 'hasty');
  const free = await slowly(page, 'enterprise/downloadApiToken');
  await press(page, 'Download API token hasty');
  await press(dialog(page), 'Download');
  for (let i = 0; i < 3; i++) await page.keyboard.press('Escape');
  assert.ok(await dialog(page).getByRole('button', { name: 'Cancel' }).isDisabled());
  assert.ok(await dialog(page).getByRole('button', { name: 'Close' }).isDisabled());
  free();
  const text = await dialog(page).getByLabel('Text of the API token').inputValue();
  assert.equal((await house.byToken(text)).username, 'ops@acme.example');
  await leave(page);
});

test('what is done is seen, however soon its dialog is left', async () => {
  const page = await house.signedIn('ops@acme.example', { at: '/account' });
  await create(page, 'gone');
  const free = await slowly(page, 'enterprise/revokeApiToken');
  await press(page, 'Revoke API token gone');
  await press(dialog(page), 'Revoke');
  for (let i = 0; i < 3; i++) await page.keyboard.press('Escape');
  await dialog(page).waitFor();
  free();
  await row(page, 'gone').getByText('Revoked').waitFor();
  await dialog(page).waitFor({ state: 'hidden' });
  const focus = () => page.evaluate(() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent);
  assert.equal(await focus(), 'API tokens', 'the button that had the focus has gone');
  await page.getByRole('button', { name: 'Refresh' }).press('Enter');
  await page.waitForFunction(() => !document.querySelector('.tools [aria-disabled=true]'));
  assert.equal(await focus(), 'Refresh');
  await leave(page);
});

test('lifetimes are offered as long as the portal allows', async () => {
  await house.call(operator, 'systemProperty/updateSystemProperty', { name: 'session.options.tokenDayValue', _update: { value: '45' } });
  const page = await house.signedIn('ops@acme.example', { at: '/account' });
  await press(page, 'New API token');
  assert.deepEqual(await dialog(page).getByLabel('Lifetime').locator('option').allTextContents(), ['1 hour', '12 hours', '1 day', '7 days', '30 days', '45 days']);
  await leave(page);
  await house.call(operator, 'systemProperty/updateSystemProperty', { name: 'session.options.tokenDayValue', _update: { value: '366' } });
});

test('a token is made with limits, refused outside of them, and rotated with both texts good', async () => {
  await house.call('admin@acme.example', 'enterprise/insertOrUpdateEnterpriseProperty', { name: 'portico.apiToken.policy', value: '{"require":["sources"],"maxOverlapHours":24}' });
  const page = await house.signedIn('ops@acme.example', { at: '/account' });
  await press(page, 'New API token');
  const d = dialog(page);
  await said(d, 'The policy of the organisation asks for limits: networks.');
  await d.getByLabel('Name').fill('narrow');
  await d.getByLabel('Search Methods').fill('getEnterprise');
  await d.getByLabel('enterprise/getEnterprise', { exact: true }).check();
  await look(house, page, 'dialog-limits');
  await press(d, 'Create');
  await said(d, 'The policy of the organisation asks for a limit that is missing: sources.');
  assert.ok(await d.getByRole('alert').evaluate(e => e.getBoundingClientRect().top > 0), 'the refusal is in sight');
  await d.getByLabel('Networks').fill('127.0.0.1, elsewhere');
  await press(d, 'Create');
  await d.locator('.problem', { hasText: '“elsewhere” is neither an address nor a network.' }).waitFor();
  assert.equal(await d.getByLabel('Networks').getAttribute('aria-invalid'), 'true');
  await d.getByLabel('Networks').fill('127.0.0.1\n10.0.0.0/8');
  await press(d, 'Create');
  await press(page, 'Limits of narrow: Networks, Methods');
  for (const text of ['127.0.0.1', '10.0.0.0/8', 'enterprise/getEnterprise']) await d.getByText(text, { exact: true }).waitFor();
  await house.shot(page, 'token-limits');
  await press(d.locator('footer'), 'Close');
  const text = await download(page, 'narrow');
  await press(d, 'I have kept it');
  assert.equal((await house.byToken(text, 'enterprise/getEnterprise')).name, 'Acme');
  assert.match((await house.byToken(text)).error.message, /beyond the limits of this API token/);

  const free = await slowly(page, 'apiToken/rotate');
  await press(page, 'Rotate API token narrow');
  const overlaps = d.getByLabel('The old text is good for').locator('option');
  await overlaps.filter({ hasText: '30 days' }).waitFor({ state: 'detached' });
  assert.deepEqual(await overlaps.allTextContents(), ['not at all', '1 hour', '12 hours', '1 day']);
  await press(d, 'Rotate');
  for (let i = 0; i < 3; i++) await page.keyboard.press('Escape');
  free();
  const next = await d.getByLabel('Text of the API token').inputValue();
  for (let i = 0; i < 3; i++) await page.keyboard.press('Escape');
  await house.shot(page, 'token-rotated');
  await press(d, 'I have kept it');
  assert.ok(!(await page.content()).includes(next), 'the text has left the page');
  for (const one of [text, next]) {
    assert.equal((await house.byToken(one, 'enterprise/getEnterprise')).name, 'Acme');
    assert.match((await house.byToken(one)).error.message, /beyond the limits/);
  }
  await row(page, 'narrow').getByText('Rotated').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Rotate API token narrow' }).count(), 1, 'a token is rotated once');
  await leave(page);
  await house.call('admin@acme.example', 'enterprise/insertOrUpdateEnterpriseProperty', { name: 'portico.apiToken.policy', value: '{}' });
});

test('blanks are no limits, and are not said to be some', async () => {
  const page = await house.signedIn(operator, { at: '/account' });
  await press(page, 'New API token');
  const fold = dialog(page).locator('summary', { hasText: 'Limits' });
  await fold.click();
  await dialog(page).getByLabel('Networks').fill(' , \n');
  await dialog(page).getByLabel('Customer').fill('  ');
  await fold.click();
  await fold.getByText('none: it may do what its user may').waitFor();
  await fold.click();
  await dialog(page).getByLabel('Networks').fill('127.0.0.1');
  await fold.getByText('Networks', { exact: true }).waitFor();
  await leave(page);
});

test('all privileges that are offered for the token of another are those of such users', async () => {
  const page = await house.signedIn('admin@acme.example', { at: '/users' });
  await page.getByRole('link', { name: 'ops@acme.example' }).click();
  await press(page, 'New API token');
  await dialog(page).getByLabel('Name').fill('all named');
  await dialog(page).locator('summary', { hasText: 'Limits' }).click();
  const boxes = dialog(page).getByRole('group', { name: 'Privileges' }).getByRole('checkbox');
  await boxes.first().waitFor();
  for (const box of await boxes.all()) await box.check();
  await press(dialog(page), 'Create');
  await page.getByRole('button', { name: 'Limits of all named: Privileges' }).waitFor();
  await leave(page);
});

test('what is chosen while a token is being made is not shown as its limits', async () => {
  const page = await house.signedIn(operator, { at: '/account' });
  await press(page, 'New API token');
  await dialog(page).locator('summary', { hasText: 'Limits' }).click();
  await dialog(page).getByLabel('Networks').fill('127.0.0.1');
  await dialog(page).getByLabel('Customer').fill('Nobody');
  await dialog(page).getByLabel('Name').fill('slow');
  const free = await slowly(page, 'enterprise/getEnterprise');
  await page.keyboard.press('Enter');
  await dialog(page).locator('footer button:disabled').first().waitFor();
  await page.keyboard.type('er');
  free();
  await dialog(page).locator('.problem', { hasText: 'There is no such customer.' }).waitFor();
  assert.equal(await dialog(page).getByLabel('Name').inputValue(), 'slow');
  await page.waitForFunction(() => document.activeElement.name === 'name'); // the focus is where it was
  await leave(page);
});
