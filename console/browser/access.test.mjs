// Programs, groups, credentials, roles, properties, events: what may be done with them by whom, and what is shown once.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { House, operator, row, dialog, press, said, slowly, leave } from './portal.mjs';
import { evil, look, rtl } from './look.mjs';

const admin = 'admin@acme.example';

let house;
before(async () => {
  house = await House.open();
  house.reporter = await house.call('admin@globex.example', 'oauthApp/insertOauthApp', { name: 'Reporter', scope: { roleIds: [12] } });
  await house.call(admin, 'role/setEnterpriseDelegatedToOperator', { isDelegated: true });
});
after(() => house.close());

// kept reads the secret in the dialog, which Escape does not close, and closes it.
async function kept(page, label) {
  await dialog(page).getByRole('button', { name: 'Copy' }).waitFor();
  await page.keyboard.press('Escape');
  const text = await dialog(page).getByLabel(label).inputValue();
  await dialog(page).getByRole('button').last().click();
  await dialog(page).waitFor({ state: 'hidden' });
  assert.ok(!(await page.content()).includes(text), 'the text has left the page');
  return text;
}

async function accessToken(clientId, secret) {
  const answer = await fetch(`${house.base}/oauth2/token`, {
    method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials' }), headers: { Authorization: `Basic ${btoa(`${clientId}:${secret}`)}` },
  });
  return (await answer.json()).access_token;
}

test('an OAuth app is made, changed, given new secrets, and deleted', async () => {
  const page = await house.signedIn(admin, { at: '/apps' });
  await press(page, 'New OAuth app');
  const d = dialog(page);
  await d.getByLabel('Name').fill('Exporter');
  await press(d, 'Create');
  await d.getByText('Something that was entered is not accepted.').waitFor();
  await d.getByLabel('Enterprise Read Only').check();
  await press(d, 'Create');
  const secret = await kept(page, 'Client secret');
  await page.getByRole('heading', { name: 'Exporter' }).waitFor();
  const clientId = await page.locator('dd code').first().textContent();
  assert.ok(await accessToken(clientId, secret), 'the secret is good');

  await page.getByLabel('Search Single privileges').fill('update:enterprise');
  await page.getByLabel('UPDATE:ENTERPRISE', { exact: true }).check();
  await page.getByLabel('Description').fill(rtl);
  await press(page, 'Save changes');
  await said(page, 'The changes are saved.');
  const app = (await house.call(admin, 'oauthApp/getOauthApps')).find(a => a.clientId === clientId);
  assert.deepEqual([app.scope, app.description], [{ roleIds: [12], privileges: ['UPDATE:ENTERPRISE'] }, rtl]);

  await press(page, 'Rotate secret');
  await dialog(page).getByRole('button', { name: 'Rotate secret' }).click();
  const second = await kept(page, 'Client secret');
  assert.ok(await accessToken(clientId, secret) && await accessToken(clientId, second), 'both are good for a while');
  await press(page, 'End the old secret');
  await dialog(page).getByRole('button', { name: 'End the old secret' }).click();
  await said(page, 'The old secret has ended.');
  assert.ok(!await accessToken(clientId, secret), 'the old one has ended');
  await press(page, 'New secret at once');
  await press(dialog(page), 'Make a new secret');
  await kept(page, 'Client secret');
  assert.ok(!await accessToken(clientId, second));

  await press(page, 'Delete app');
  await dialog(page).getByRole('button', { name: 'Delete' }).click();
  await said(page, 'The OAuth app Exporter is deleted.');
  await page.getByRole('heading', { name: 'OAuth apps', level: 1 }).waitFor();
  await leave(page);
});

test('an app of another organisation is let in, its wider scope accepted, and shown out', async () => {
  const page = await house.signedIn(admin, { at: '/apps' });
  await press(page, 'Let an app act here');
  await dialog(page).getByLabel('Client ID').fill(house.reporter.clientId);
  await dialog(page).getByLabel('Enterprise Standard Admin').check();
  await dialog(page).getByRole('button', { name: 'Let an app act here' }).click();
  await row(page, 'Reporter').getByText('Active').waitFor();
  await house.call('admin@globex.example', 'oauthApp/updateOauthApp', { id: house.reporter.id, _update: { scope: { roleIds: [10] } } });
  await page.getByRole('button', { name: 'Refresh' }).last().click();
  await row(page, 'Reporter').getByText('Needs review').waitFor();
  await press(page, 'Accept the scope of Reporter');
  await dialog(page).getByText('UPDATE:ENTERPRISE').waitFor();
  await press(dialog(page), 'Accept scope');
  await row(page, 'Reporter').getByText('Active').waitFor();
  await press(page, 'End the grant of Reporter');
  await press(dialog(page), 'End');
  await said(page, 'No app of another organisation may act here.');
  await leave(page);
});

test('an API client is made, switched off, and deleted with an heir', async () => {
  const page = await house.signedIn(admin, { at: '/clients' });
  await press(page, 'New API client');
  const d = dialog(page);
  await d.getByLabel('Client ID').fill('backup');
  await d.getByLabel('First name').fill('Back');
  await d.getByLabel('Last name').fill('Up');
  await d.getByLabel('Role').selectOption({ label: 'Functions' });
  await d.getByLabel('Global Settings Read Only').check();
  await press(d, 'Create');
  const secret = await kept(page, 'Client secret');
  assert.ok(await accessToken('backup', secret));
  await page.getByRole('heading', { name: 'backup' }).waitFor();
  assert.ok(await page.getByLabel('Global Settings Read Only').isChecked());
  await page.getByLabel('Role').selectOption({ label: 'Enterprise Support' });
  await press(page, 'Save changes');
  await said(page, 'The changes are saved.');
  await press(page, 'Switch off');
  await dialog(page).getByRole('button', { name: 'Switch off' }).click();
  await page.getByText('Not active').waitFor();
  assert.ok(!await accessToken('backup', secret));

  const [made] = (await house.call(admin, 'apiClient/getApiClients')).filter(c => c.clientId === 'backup');
  assert.equal(made.roleName, 'Enterprise Support');
  await press(page, 'Switch on');
  await dialog(page).getByRole('button', { name: 'Switch on' }).click();
  await page.getByText('Not active').waitFor({ state: 'hidden' });
  const group = await house.call(admin, 'userGroup/insertUserGroup', { name: 'Machines' });
  await house.call(admin, 'userGroup/addUserGroupMembers', { id: group.id, userIds: [made.userId] });
  await press(page, 'Delete API client');
  await dialog(page).getByLabel('Hand over to').fill('nobody');
  await press(dialog(page), 'Delete');
  await dialog(page).getByText('There is no such user.').first().waitFor();
  await dialog(page).getByLabel('Hand over to').fill('ops@acme.example');
  await press(dialog(page), 'Delete');
  await said(page, 'The API client backup is deleted.');
  const { members } = await house.call(admin, 'userGroup/getUserGroup', { id: group.id, with: ['members'] });
  assert.deepEqual(members.map(m => m.username), ['ops@acme.example']);
  await leave(page);
});

test('what was typed of a client stays when the client is switched off, or has new secrets', async () => {
  await house.call(admin, 'apiClient/insertApiClient', { clientId: 'nightly', roleIds: [126, 127], firstName: 'Night', lastName: 'Ly' });
  const page = await house.signedIn(admin, { at: '/clients' });
  await page.getByRole('link', { name: 'nightly' }).click();
  await page.getByLabel('Description').fill('typed');
  await press(page, 'Switch off');
  await press(dialog(page), 'Switch off');
  await page.getByText('Not active').waitFor();
  await press(page, 'New secret at once');
  await press(dialog(page), 'Make a new secret');
  await kept(page, 'Client secret');
  assert.equal(await page.getByLabel('Description').inputValue(), 'typed');
  await press(page, 'Save changes');
  await said(page, 'The changes are saved.');
  const [made] = (await house.call(admin, 'apiClient/getApiClients')).filter(c => c.clientId === 'nightly');
  assert.deepEqual([made.description, made.isActive], ['typed', false]);
  await leave(page);
});

const keys = kid => JSON.stringify({ keys: [{ ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' }] });

test('apps and clients show who they are by their keys', async () => {
  const page = await house.signedIn(admin, { at: '/apps' });
  await press(page, 'New OAuth app');
  await dialog(page).getByLabel('Name').fill('Signer');
  await dialog(page).getByLabel('Enterprise Read Only').check();
  await dialog(page).getByLabel('Shows who it is by').selectOption('PRIVATE_KEY_JWT');
  await dialog(page).getByLabel('Public keys').fill('{"keys":');
  await press(dialog(page), 'Create');
  await dialog(page).locator('.problem').waitFor();
  await dialog(page).getByLabel('Public keys').fill(keys('one'));
  await press(dialog(page), 'Create');
  await page.getByRole('heading', { name: 'Signer' }).waitFor();
  assert.equal(await page.getByRole('heading', { name: 'Secrets' }).count(), 0);
  await page.getByLabel('Public keys').fill(keys('two'));
  await press(page, 'Save changes');
  await said(page, 'The changes are saved.');
  const [app] = (await house.call(admin, 'oauthApp/getOauthApps')).filter(a => a.name === 'Signer');
  assert.deepEqual([app.authMethod, app.jwks.keys[0].kid], ['PRIVATE_KEY_JWT', 'two']);

  await page.getByRole('link', { name: 'API clients' }).click();
  await press(page, 'New API client');
  await dialog(page).getByLabel('Client ID').fill('signer');
  await dialog(page).getByLabel('First name').fill('Sig');
  await dialog(page).getByLabel('Last name').fill('Ner');
  await dialog(page).getByLabel('Role').selectOption({ label: 'Enterprise Support' });
  await dialog(page).getByLabel('Shows who it is by').selectOption('PRIVATE_KEY_JWT');
  await dialog(page).getByLabel('Public keys').fill(keys('three'));
  await press(dialog(page), 'Create');
  await page.getByRole('heading', { name: 'signer' }).waitFor();
  assert.match(await page.getByLabel('Public keys').inputValue(), /three/);
  assert.equal(await page.getByRole('heading', { name: 'Secrets' }).count(), 0);
  await leave(page);
});

test('a credential is kept, shared with a group, used for a purpose, and each use recorded', async () => {
  const page = await house.signedIn(admin, { at: '/groups' });
  await press(page, 'New user group');
  await dialog(page).getByLabel('Name').fill('Builders');
  await press(dialog(page), 'Create');
  await page.getByRole('heading', { name: 'Builders' }).waitFor();
  await press(page, 'Add members');
  await dialog(page).getByLabel('ops@acme.example').check();
  await dialog(page).getByLabel('support@acme.example').check();
  await dialog(page).getByRole('button', { name: 'Add members' }).click();
  await row(page, 'support@acme.example').waitFor();
  await press(page, 'Remove support@acme.example');
  await press(dialog(page), 'Remove');
  await row(page, 'support@acme.example').waitFor({ state: 'hidden' });

  await page.getByRole('link', { name: 'Credentials' }).click();
  await press(page, 'New credential');
  await dialog(page).getByLabel('Username').fill('CORP\\build');
  await dialog(page).getByLabel('Password').fill('right horse 1');
  await press(dialog(page), 'Create');
  await page.getByRole('heading', { name: 'CORP\\build' }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Show password' }).count(), 0, 'to administrate it is not enough');
  const free = await slowly(page, 'userGroup/getUserGroups');
  await page.reload();
  await page.getByRole('heading', { name: 'CORP\\build' }).waitFor();
  assert.ok(await page.getByRole('button', { name: 'Share with groups' }).isDisabled(), 'as long as it is not known which there are');
  free();
  await press(page, 'Share with groups');
  await dialog(page).getByLabel('Builders').check();
  await press(dialog(page), 'Share');
  await row(page, 'Builders').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Show password' }).count(), 0, 'it is shared with a group of others');
  await page.getByLabel('New password').fill('right horse 2');
  await press(page, 'Save changes');
  await said(page, 'The changes are saved.');

  const ops = await house.signedIn('ops@acme.example', { at: '/credentials' });
  assert.equal(await ops.getByRole('button', { name: 'New credential' }).count(), 0);
  await press(ops, 'Use CORP\\build');
  await dialog(ops).getByLabel('What is it for?').fill('build 1234');
  await press(dialog(ops), 'Show password');
  await house.shot(ops, 'credential-used');
  assert.equal(await kept(ops, 'Password'), 'right horse 2');
  await leave(ops);

  const { id } = (await house.call(admin, 'userGroup/getUserGroups')).find(g => g.name === 'Builders');
  await house.call(admin, 'userGroup/addUserGroupMembers', { id, userIds: [2] });
  await page.reload();
  await page.getByRole('button', { name: 'Show password' }).waitFor();

  await page.goto(`${house.base}/#/events`);
  await page.getByRole('textbox', { name: 'Event' }).fill('credential used');
  await press(page, 'Show');
  await page.getByRole('button', { name: /^Details of CREDENTIAL_USED/ }).click();
  await dialog(page).getByText('build 1234').first().waitFor();
  await press(dialog(page), 'Close');

  await page.goto(`${house.base}/#/groups`);
  await page.getByRole('link', { name: 'Builders' }).click();
  await page.getByRole('link', { name: 'CORP\\build' }).waitFor();
  await press(page, 'Delete user group');
  await dialog(page).getByText('1 credentials are shared with it').waitFor();
  await press(dialog(page), 'Delete');
  await said(page, 'The user group Builders is deleted.');
  await leave(page);
});

test('what was done before a refusal is shown', async () => {
  const { id } = await house.call(admin, 'credential/insertCredential', { username: 'CORP\\half', password: 'right horse 1' });
  const page = await house.signedIn(admin, { at: `/credentials/${id}` });
  const refuse = async method => {
    let calls = 0;
    await page.route('**/portal', route => {
      const call = route.request().postDataJSON();
      if (call.method.startsWith(method) && ++calls > 1) return route.fulfill({ json: { jsonrpc: '2.0', id: call.id, error: { code: -32006, message: 'no more' } } });
      return route.continue();
    });
  };
  await refuse('credential/shareCredential');
  await press(page, 'Share with users');
  await dialog(page).getByLabel('ops@acme.example').check();
  await dialog(page).getByLabel('support@acme.example').check();
  await press(dialog(page), 'Share');
  await said(dialog(page), 'no more');
  await press(dialog(page), 'Cancel');
  await row(page, 'ops@acme.example').or(row(page, 'support@acme.example')).waitFor();
  await leave(page);
});

test('a system property is searched, set as its type asks for, and taken back', async () => {
  const page = await house.signedIn(operator, { at: '/properties' });
  await page.getByLabel('Search').fill('lockout attempts');
  await press(page, 'operator.user.lockout.defaultAttempts');
  await dialog(page).getByLabel('Value').fill('0');
  await press(dialog(page), 'Save changes');
  await dialog(page).getByText('Something that was entered is not accepted.').waitFor();
  await dialog(page).getByLabel('Value').fill('7');
  await press(dialog(page), 'Save changes');
  await row(page, 'operator.user.lockout.defaultAttempts').getByText('Set', { exact: true }).waitFor();
  assert.equal((await house.call(operator, 'systemProperty/getSystemProperty', { name: 'operator.user.lockout.defaultAttempts' })).value, '7');
  await press(page, 'Take back operator.user.lockout.defaultAttempts');
  await dialog(page).getByRole('button', { name: 'Take back' }).click();
  await row(page, 'operator.user.lockout.defaultAttempts').getByText('5', { exact: true }).waitFor();

  await press(page, 'New property');
  await dialog(page).getByLabel('Name').fill('mine.key');
  await dialog(page).getByLabel('The value is a secret').check();
  await dialog(page).getByLabel('Value', { exact: true }).fill('hush hush');
  await press(dialog(page), 'Create');
  await said(page, 'The property mine.key is created.');
  await page.getByLabel('Search').fill('mine.key');
  await row(page, 'mine.key').getByText('Secret').waitFor();
  assert.ok(!(await page.content()).includes('hush hush'));
  await leave(page);
});

test('events are filtered by the portal, and read on when asked for', async () => {
  const page = await house.signedIn(admin, { at: '/account' });
  const asked = [];
  await page.route('**/portal', async route => {
    const call = route.request().postDataJSON();
    if (call.method !== 'event/getEnterpriseEvents') return route.continue();
    asked.push(call.params);
    const from = Number(call.params.nextPageLink ?? 2000);
    const data = Array.from({ length: call.params.limit }, (_, i) => ({
      id: from - i, eventTime: new Date(Date.UTC(2026, 0, 1) + (from - i) * 1000).toISOString(), event: 'USER_LOGIN', category: 'USER', severity: 'INFO', message: `${evil} ${from - i}`, detail: '{"a":1}', enterpriseUsername: rtl,
    }));
    return route.fulfill({ json: { jsonrpc: '2.0', id: call.id, result: { data, metaData: { limit: call.params.limit, more: true, nextPageLink: String(from - data.length) } } } });
  });
  await page.getByRole('link', { name: 'Events' }).click();
  await page.getByText('1–50 of 500 – there is more in the portal').waitFor();
  await press(page, 'Load more');
  await page.getByText('1–50 of 1,000 – there is more in the portal').waitFor();
  assert.equal(asked[1].nextPageLink, '1500');
  assert.deepEqual(asked[1].interval, asked[0].interval, 'it reads on in the same times');
  await page.getByLabel('Severity at least').selectOption('WARNING');
  await page.getByRole('textbox', { name: 'User' }).fill('ops');
  await page.getByRole('combobox', { name: 'Time' }).selectOption({ label: 'Last 7 days' });
  await press(page, 'Show');
  await page.getByText('1–50 of 500 – there is more in the portal').waitFor();
  const { interval, filter } = asked.at(-1);
  assert.deepEqual(filter.rules, [{ field: 'severity', op: 'greaterOrEquals', values: ['WARNING'] }, { field: 'user', op: 'contains', values: ['ops'] }]);
  assert.ok(Math.abs(Date.now() - new Date(interval.start) - 7 * 86400000) < 60000);
  await page.getByRole('combobox', { name: 'Time' }).selectOption('0');
  await page.locator('[name=from]').fill('12345-01-01T00:00');
  assert.ok(await page.locator('[name=from]').evaluate(e => e.validity.rangeOverflow), 'no year that nobody reads');
  await leave(page);
});

test('a role is made of functions, changed, and deleted', async () => {
  const page = await house.signedIn(admin, { at: '/roles' });
  await press(page, 'New role');
  await dialog(page).getByLabel('Name').fill('Clerk');
  await dialog(page).getByLabel('SD-WAN Read Only').check();
  await press(dialog(page), 'Create');
  await dialog(page).getByText('Something that was entered is not accepted.').waitFor();
  await dialog(page).getByLabel('Global Settings Read Only').check();
  await press(dialog(page), 'Create');
  await press(page, 'Edit Clerk');
  await dialog(page).getByLabel('Description').fill('writes');
  await press(dialog(page), 'Save changes');
  await row(page, 'Clerk').getByText('writes').waitFor();
  await page.getByRole('link', { name: 'Users', exact: true }).click();
  await press(page, 'New user');
  await dialog(page).getByRole('option', { name: 'Clerk' }).waitFor({ state: 'attached' });
  assert.equal(await dialog(page).getByLabel('Role').evaluate(e => e.selectedOptions[0].text), 'Enterprise Read Only');
  await press(dialog(page), 'Cancel');
  await page.getByRole('link', { name: 'Roles' }).click();
  assert.equal(await page.getByRole('button', { name: 'Edit Enterprise Support' }).count(), 0);
  await press(page, 'Delete Clerk');
  await press(dialog(page), 'Delete');
  await said(page, 'The role Clerk is deleted.');
  await leave(page);
});

test('a function is customized, and as it was again', async () => {
  const page = await house.signedIn(admin, { at: '/roles' });
  const may = async () => (await house.call(admin, 'role/explainPrivilege', { method: 'enterprise/updateEnterprise', userId: 5 })).allowed;
  assert.equal(await may(), false);
  await press(page, 'Customize Global Settings Read Only');
  await dialog(page).getByRole('group', { name: 'Allowed besides' }).getByLabel('UPDATE:ENTERPRISE', { exact: true }).check();
  await press(dialog(page), 'Save changes');
  await row(page, 'Global Settings Read Only').getByText('Customized').waitFor();
  assert.equal(await may(), true);
  await press(page, 'Customize Global Settings Read Only');
  await dialog(page).getByRole('group', { name: 'Allowed besides' }).getByLabel('UPDATE:ENTERPRISE', { exact: true }).uncheck();
  await press(dialog(page), 'Save changes');
  await row(page, 'Global Settings Read Only').getByText('Customized').waitFor({ state: 'hidden' });
  assert.equal(await may(), false);
  assert.deepEqual(await house.call(admin, 'role/getRoleCustomizationPackages'), [], 'nothing is left of it');

  const roleCustomizations = [{ forRoleId: 127, addPrivileges: [{ object: 'ENTERPRISE', action: 'UPDATE' }] }];
  const { id } = await house.call(admin, 'role/insertRoleCustomizationPackage', { name: 'SD-WAN Read Only', blobContent: { roleCustomizations } });
  await house.call(admin, 'role/saveAndApplyRoleCustomizationPackage', { id, _update: {} });
  await page.reload();
  await press(page, 'Customize SD-WAN Read Only');
  await press(dialog(page), 'Save changes');
  await said(dialog(page), 'customizes other functions, too');
  assert.equal(await may(), true, 'what it says stays');
  await house.call(admin, 'role/saveAndApplyRoleCustomizationPackage', { id, _update: { blobContent: { roleCustomizations: [] } } });
  await leave(page);
});

test('properties of an organisation are set, and found by name', async () => {
  const page = await house.signedIn(admin, { at: '/settings' });
  await press(page, 'vco.enterprise.authentication.mode');
  await dialog(page).getByLabel('Value').fill('BY_GUESS');
  await press(dialog(page), 'Save changes');
  await said(dialog(page), 'vco.enterprise.authentication.mode does not take this.');
  await dialog(page).getByLabel('Value').fill('SSO');
  await press(dialog(page), 'Save changes');
  await row(page, 'vco.enterprise.authentication.mode').getByText('Set', { exact: true }).waitFor();
  for (const [label, value] of [['Value', 'hush hush'], [null]]) {
    await page.getByRole('textbox', { name: 'Name' }).fill('my.key');
    await press(page, 'Find or create');
    await dialog(page).getByText('my.key').waitFor();
    assert.ok(!(await page.content()).includes('hush hush'));
    if (!label) continue;
    await dialog(page).getByLabel('The value is a secret').check();
    await dialog(page).getByLabel(label, { exact: true }).fill(value);
    await press(dialog(page), 'Save changes');
    await said(page, 'The changes are saved.');
  }
  assert.equal(await dialog(page).getByLabel('Type').count(), 0, 'it is there already');
  assert.ok(await dialog(page).getByRole('button', { name: 'Save changes' }).isDisabled(), 'nothing takes the place of a secret unasked');
  await leave(page);
});

test('the portal tells who may do what, and why', async () => {
  const page = await house.signedIn(admin, { at: '/account' });
  const lists = [];
  page.on('request', r => r.url().endsWith('/portal') && r.postDataJSON().method === 'enterprise/getEnterpriseUsers' && lists.push(r.postDataJSON().params.limit));
  await page.getByRole('link', { name: 'Who may do what' }).click();
  const ask = async (method, user, answer) => {
    await page.getByLabel('Method').fill(method);
    await page.getByLabel('User').fill(user);
    await press(page, 'Explain');
    await said(page, answer);
  };
  await ask('enterprise/insertEnterpriseUser', 'ops@acme.example', 'privilege [CREATE:ENTERPRISE_USER] is required');
  await row(page, 'CREATE:ENTERPRISE_USER').getByText('No').waitFor();
  await ask('enterprise/insertEnterpriseUser', '', 'Allowed');
  await ask('enterprise/insertEnterpriseUser', 'nobody', 'There is no such user.');
  await ask('no/such', '', 'This portal has no such method.');
  assert.deepEqual(lists, [500], 'no more users are read than are proposed');
  await leave(page);
});

test('what the role may not do is not shown', async () => {
  const page = await house.signedIn('readonly@acme.example', { at: '/credentials' });
  await said(page, 'No credentials are shared with you.');
  const links = await page.locator('#nav a').allTextContents();
  for (const hidden of ['OAuth apps', 'API clients', 'User groups', 'System properties']) assert.ok(!links.includes(hidden), hidden);
  for (const path of ['/apps', '/clients/1', '/properties', '/customers/1/events']) {
    await page.goto(`${house.base}/#${path}`);
    await page.getByRole('heading', { name: 'Nothing here' }).waitFor();
  }
  await leave(page);
});

test('what there is of a customer is shown to an operator as far as the customer has consented', async () => {
  const page = await house.signedIn(operator, { at: '/customers/1' });
  await page.locator('#main').getByRole('link', { name: 'Events' }).click();
  await page.getByRole('heading', { name: 'Events', level: 1 }).waitFor();
  await page.getByRole('searchbox').fill('enterprise acme');
  await page.getByText('CREATE_ENTERPRISE', { exact: true }).waitFor();
  await page.goto(`${house.base}/#/customers/2/events`);
  await page.getByRole('heading', { name: 'Nothing here' }).waitFor();
  await leave(page);
});

// receiver is a target of webhooks: what it got, and what it answers.
async function receiver() {
  const got = [];
  const to = { got, status: 204 };
  const server = createServer((request, answer) => {
    let body = '';
    request.on('data', b => { body += b; });
    request.on('end', () => {
      got.push({ headers: request.headers, body });
      answer.writeHead(to.status).end();
    });
  });
  await new Promise(done => server.listen(0, '127.0.0.1', done));
  // The nth message; a portal delivers within a second or so.
  to.message = async n => {
    for (let i = 0; i < 160 && got.length < n; i++) await new Promise(done => setTimeout(done, 50));
    assert.equal(got.length, n, 'messages');
    return got[n - 1];
  };
  return Object.assign(to, { url: `http://127.0.0.1:${server.address().port}/hook?key=1`, end: () => server.close() });
}

// signed says whether a message is signed with a secret, as Standard Webhooks say.
function signed({ headers, body }, secret) {
  const mac = createHmac('sha256', Buffer.from(secret.replace('whsec_', ''), 'base64')).update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`).digest('base64');
  return headers['webhook-signature'].split(' ').includes(`v1,${mac}`);
}

test('a webhook is made, tried, changed, given a new secret, followed, and deleted', async t => {
  const to = await receiver();
  t.after(to.end);
  const page = await house.signedIn(admin, { at: '/webhooks' });
  await press(page, 'New webhook');
  const d = dialog(page);
  await d.getByLabel('Name').fill('Pager');
  await d.getByRole('textbox', { name: 'Address' }).fill(to.url);
  await press(d, 'Create');
  await d.locator('.problem', { hasText: 'http is for networks that the operator has allowed' }).waitFor();
  await house.call(operator, 'systemProperty/insertOrUpdateSystemProperty', { name: 'portico.webhook.allowedNetworks', value: '127.0.0.0/8' });
  await press(d, 'Create');
  const secret = await kept(page, 'Secret of the webhook');
  await page.getByRole('heading', { name: 'Pager' }).waitFor();
  await page.getByText('There are no deliveries.').waitFor();

  await press(page, 'Send a test');
  const first = await to.message(1);
  assert.equal(JSON.parse(first.body).type, 'TEST_WEBHOOK');
  assert.ok(signed(first, secret));
  await row(page, 'TEST_WEBHOOK').getByText('Delivered').waitFor(); // it is looked at again unasked
  await house.shot(page, 'webhook-delivered');

  await press(page, 'Rotate secret');
  await dialog(page).getByRole('button', { name: 'Rotate secret' }).click();
  const second = await kept(page, 'Secret of the webhook');
  await said(page, 'The old secret signs, too, until');
  to.status = 410;
  await press(page, 'Send a test');
  const both = await to.message(2);
  assert.ok(signed(both, secret) && signed(both, second), 'both sign for a day');
  await row(page, 'The target has answered 410.').getByText('Given up').waitFor();
  await said(page, 'The portal has disabled this webhook');
  assert.equal(await page.getByRole('button', { name: 'Send a test' }).or(page.getByRole('button', { name: 'Deliver again' })).count(), 0);
  await look(house, page, 'webhook-gone');

  to.status = 200;
  await page.getByLabel('Chosen ones').check();
  for (const usual of ['API_TOKEN_EXPIRING', 'API_TOKEN_REFUSED', 'SUPERUSER_ADDED']) await page.getByLabel(usual).uncheck();
  await page.getByLabel('Other events').fill('no event!');
  await page.getByLabel('Enabled').check();
  await press(page, 'Save changes');
  await page.locator('.problem', { hasText: 'no event has' }).waitFor();
  await page.getByLabel('Other events').fill('my_event');
  await press(page, 'Save changes');
  await said(page, 'The changes are saved.');
  const [w] = await house.call(admin, 'webhook/getWebhooks');
  assert.deepEqual([w.events, w.enabled, w.url], [['USER_LOCKOUT', 'MY_EVENT'], true, to.url]);
  await page.getByRole('radio', { name: 'Given up' }).check();
  await page.getByText('1–1 of 1').waitFor();
  await page.getByRole('button', { name: /^Deliver again: TEST_WEBHOOK/ }).click();
  await press(dialog(page), 'Deliver again');
  assert.equal((await to.message(3)).headers['webhook-id'], both.headers['webhook-id']);
  await page.getByText('There are no deliveries.').waitFor();

  await press(page, 'Delete webhook');
  await dialog(page).getByRole('button', { name: 'Delete' }).click();
  await said(page, 'The webhook Pager is deleted.');
  await page.getByText('There are no webhooks.').waitFor();
  await leave(page);
});

test('who reads webhooks sees neither where exactly they lead nor what he may not do', async () => {
  await house.call(admin, 'webhook/insertWebhook', { name: 'Night', url: 'https://hooks.example/secret?key=1', enabled: false });
  const page = await house.signedIn('support@acme.example', { at: '/webhooks' });
  await row(page, 'https://hooks.example').waitFor();
  assert.equal(await page.getByRole('button', { name: 'New webhook' }).count(), 0);
  await page.getByRole('link', { name: 'Night' }).click();
  await page.getByRole('heading', { name: 'Deliveries' }).waitFor();
  assert.equal(await page.getByRole('textbox').or(page.getByRole('checkbox')).count(), 0);
  for (const name of ['Save changes', 'Send a test', 'Rotate secret', 'Delete webhook']) assert.equal(await page.getByRole('button', { name }).count(), 0, name);
  assert.ok(!(await page.content()).includes('key=1'));
  await leave(page);
});

test('a webhook of which no event is chosen does not tell the usual ones', async () => {
  const page = await house.signedIn(admin, { at: '/webhooks' });
  await press(page, 'New webhook');
  await dialog(page).getByLabel('Name').fill('Mute');
  await dialog(page).getByRole('textbox', { name: 'Address' }).fill('https://hooks.example/x');
  await dialog(page).getByLabel('Chosen ones').check();
  for (const usual of ['API_TOKEN_EXPIRING', 'API_TOKEN_REFUSED', 'SUPERUSER_ADDED', 'USER_LOCKOUT']) await dialog(page).getByLabel(usual).uncheck();
  await press(dialog(page), 'Create');
  await dialog(page).locator('.problem', { hasText: 'Choose at least one' }).waitFor();
  await leave(page);
});

// ofWebhook opens the page of a new webhook.
async function ofWebhook(name, more) {
  const { id } = await house.call(admin, 'webhook/insertWebhook', { name, url: 'https://hooks.example/x', events: ['USER_LOGIN'], ...more });
  const page = await house.signedIn(admin, { at: `/webhooks/${id}` });
  await page.getByRole('heading', { name, exact: true }).waitFor();
  return { id, page };
}

test('a webhook is not looked at any more when its page has been left', async () => {
  const { page } = await ofWebhook('Left');
  for (const n of [1, 2]) {
    await press(page, 'Send a test');
    await page.getByRole('row').nth(n).waitFor();
  }
  await page.getByRole('link', { name: 'Events' }).click();
  await page.getByRole('heading', { name: 'Events' }).waitFor();
  const late = [];
  page.on('request', r => { if (r.postData()?.includes('"webhook/')) late.push(r.postData()); });
  await page.waitForTimeout(2500);
  assert.deepEqual(late, []);
  await leave(page);
});

// lost has a method called, and its answer lost on the way.
const lost = (page, method) => page.route('**/portal', async r => {
  if (JSON.parse(r.request().postData()).method !== method) return r.continue();
  await r.fetch();
  return r.fulfill({ body: 'lost' });
});

test('what was made or changed of a webhook is shown though the answer was lost', async () => {
  const page = await house.signedIn(admin, { at: '/webhooks' });
  await lost(page, 'webhook/insertWebhook');
  await press(page, 'New webhook');
  await dialog(page).getByLabel('Name').fill('Ghost');
  await dialog(page).getByRole('textbox', { name: 'Address' }).fill('https://hooks.example/x');
  await press(dialog(page), 'Create');
  await dialog(page).getByRole('alert').waitFor();
  await press(dialog(page), 'Cancel');
  await page.getByRole('link', { name: 'Ghost' }).click();
  await page.unroute('**/portal');
  await lost(page, 'webhook/rotateWebhookSecret');
  await press(page, 'Rotate secret');
  await dialog(page).getByRole('button', { name: 'Rotate secret' }).click();
  await dialog(page).getByRole('alert').waitFor();
  await press(dialog(page), 'Cancel');
  await said(page, 'The old secret signs, too, until');
  await leave(page);
});

test('of a last delivery that could not be read it is not said that there was none', async () => {
  await house.call(admin, 'webhook/insertWebhook', { name: 'Unknown', url: 'https://hooks.example/x' });
  const page = await house.signedIn(admin, { at: '/account' });
  const busy = c => ({ jsonrpc: '2.0', id: c.id, error: { code: -32012, message: 'busy' } });
  await page.route('**/portal', r => {
    const calls = JSON.parse(r.request().postData());
    if (![calls].flat().some(c => c.method === 'webhook/getDeliveries')) return r.continue();
    return r.fulfill({ json: Array.isArray(calls) ? calls.map(busy) : busy(calls) });
  });
  await page.goto(`${house.base}/#/webhooks`);
  await page.getByRole('alert').waitFor();
  assert.equal(await page.getByText('Never', { exact: true }).count(), 0);
  await page.unroute('**/portal');
  await press(page, 'Try again');
  await row(page, 'Unknown').getByText('Never').waitFor({ state: 'attached' });
  await leave(page);
});

test('a test of a webhook does not go elsewhere than the page says', async () => {
  const { id, page } = await ofWebhook('Moving');
  await page.getByRole('textbox', { name: 'Address' }).fill('https://new.example/y');
  await press(page, 'Send a test');
  await page.getByRole('alert').filter({ hasText: 'save first where it is to lead' }).waitFor();
  assert.ok((await house.call(admin, 'webhook/getDeliveries', { webhookId: id })).data.every(d => d.event !== 'TEST_WEBHOOK'));
  await press(page, 'Save changes');
  await said(page, 'The changes are saved.');
  await press(page, 'Send a test');
  await row(page, 'TEST_WEBHOOK').waitFor();
  await leave(page);
});

test('a recipient that somebody else has added meanwhile stays', async () => {
  const { id } = await house.call(admin, 'webhook/insertWebhook', { name: 'Letters', channel: 'MAIL', recipients: ['day@acme.example', 'gone@acme.example'], enabled: false });
  const page = await house.signedIn(admin, { at: `/webhooks/${id}` });
  await page.getByLabel('Recipients').fill('day@acme.example\nnight@acme.example');
  await house.call(admin, 'webhook/updateWebhook', { id, _update: { recipients: ['gone@acme.example', 'boss@acme.example', 'day@acme.example'] } });
  await press(page, 'Save changes');
  await said(page, 'The changes are saved.');
  const { recipients } = (await house.call(admin, 'webhook/getWebhooks')).find(w => w.id === id);
  assert.deepEqual(recipients.toSorted(), ['boss@acme.example', 'day@acme.example', 'night@acme.example']);
  await page.waitForFunction(() => document.querySelector('[name=recipients]').value.includes('boss@acme.example'));
  await house.call(admin, 'webhook/deleteWebhook', { id });
  await leave(page);
});

test('of a webhook whose target somebody from above has chosen it is said', async () => {
  const { id, page } = await ofWebhook('Own');
  assert.equal(await page.getByText('Target chosen by').count(), 0);
  const { id: theirs } = await house.call(operator, 'webhook/insertWebhook', { enterpriseId: 1, name: 'From above', url: 'https://hooks.example/above' });
  await page.goto(`${house.base}/#/webhooks`);
  await row(page, 'From above').getByRole('cell', { name: 'the operator' }).waitFor();
  assert.equal(await row(page, 'Own').getByText('the operator').count(), 0);
  await page.getByRole('link', { name: 'From above' }).click();
  await page.getByText('Target chosen by').waitFor();
  for (const n of [id, theirs]) await house.call(admin, 'webhook/deleteWebhook', { id: n });
  await leave(page);
});

test('events that somebody else has chosen meanwhile stay chosen', async () => {
  const { id, page } = await ofWebhook('Shared');
  await page.getByLabel('CREATE_USER', { exact: true }).check();
  await house.call(admin, 'webhook/updateWebhook', { id, _update: { events: ['DELETE_USER', 'USER_LOGIN'] } });
  await press(page, 'Save changes');
  await said(page, 'Somebody else has changed meanwhile what it tells.');
  for (const name of ['CREATE_USER', 'DELETE_USER', 'USER_LOGIN']) await page.getByRole('checkbox', { name, exact: true, checked: true }).waitFor();
  await press(page, 'Save changes');
  await said(page, 'The changes are saved.');
  const { events } = (await house.call(admin, 'webhook/getWebhooks')).find(w => w.id === id);
  assert.deepEqual(events.toSorted(), ['CREATE_USER', 'DELETE_USER', 'USER_LOGIN']);
  await leave(page);
});
