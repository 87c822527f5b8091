// What all pages have: tables that leave as CSV, long lists, columns to choose, languages and themes.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { House, row, leave } from './portal.mjs';
import { barriers } from './look.mjs';

let house;
before(async () => { house = await House.open(); });
after(() => house.close());

test('what a spreadsheet would take for a formula leaves as text', async () => {
  await house.call('ops@acme.example', 'apiToken/create', { name: '=HYPERLINK("http://x.example")', lifetimeMs: 3600000 });
  const page = await house.signedIn('ops@acme.example', { at: '/account' });
  await row(page, 'HYPERLINK').waitFor();
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'CSV' }).click()]);
  const text = await readFile(await file.path(), 'utf8');
  assert.equal(file.suggestedFilename(), 'my-api-tokens.csv');
  const lines = text.split('\r\n');
  assert.equal(lines[0], '\ufeffName,State,Limits,Created by,Expires,Last used');
  assert.ok(lines[1].startsWith('"\'=HYPERLINK(""http://x.example"")",Pending,,ops@acme.example,'), lines[1]);
  await leave(page);
});

test('what stands behind another separator is no formula either', async () => {
  const page = await (await house.person()).newPage();
  await page.goto(house.base);
  const cells = await page.evaluate(async texts => {
    const { cell } = await import('/console/csv.js');
    return texts.map(cell);
  }, ['=1', 'a;=1', 'a\t@x', 'a\n"+1', '\u{ff1d}1', 'a-b', 'a;b', 'say "=1" x']);
  assert.deepEqual(cells, ["'=1", '"a;\'=1"', '"a\t\'@x"', '"a\n""\'+1"', "'\u{ff1d}1", 'a-b', '"a;b"', '"say ""=1"" x"']);
  await leave(page);
});

test('a name from right to left turns no sentence', async () => {
  const page = await (await house.person()).newPage();
  await page.goto(house.base);
  const texts = await page.evaluate(async names => {
    const { t } = await import('/console/i18n.js');
    return names.map(name => t('user.unlocked', { name }));
  }, ['plain', 'a\u202eb', '\u05d0']);
  assert.ok(texts[0].includes('plain') && !texts[0].includes('\u2068'));
  assert.ok(texts[1].includes('\u2068a\u202eb\u2069') && texts[2].includes('\u2068\u05d0\u2069'));
  await leave(page);
});

test('a portal that has too much to do is not taken for one that forbids', async () => {
  const page = await house.signedIn('admin@acme.example', { at: '/users' });
  await page.route('**/portal', route => {
    const calls = route.request().postDataJSON();
    if (!Array.isArray(calls)) return route.continue();
    return route.fulfill({ json: calls.map(({ id }) => ({ jsonrpc: '2.0', id, error: { code: -32013, message: 'come again in 2 seconds' } })) });
  });
  await page.reload();
  await page.getByRole('button', { name: 'Try again' }).waitFor();
  await page.unroute('**/portal');
  await page.getByRole('button', { name: 'Try again' }).click();
  await row(page, 'ops@acme.example').waitFor();
  await leave(page);
});

// many has the portal's list of users be one of so many.
async function many(page, count) {
  await page.route('**/portal', async route => {
    const call = route.request().postDataJSON();
    if (call.method !== 'enterprise/getEnterpriseUsers') return route.continue();
    const from = Number(call.params.nextPageLink ?? 0);
    const rows = Array.from({ length: Math.min(call.params.limit, count - from) }, (_, i) => ({ id: from + i + 1, username: `user${from + i + 1}@acme.example`, roleName: 'Enterprise Support', isActive: 1, isLocked: 0, isNative: 1, created: '2026-01-02T03:04:05.678Z' }));
    const to = from + rows.length;
    return route.fulfill({ json: { jsonrpc: '2.0', id: call.id, result: { data: rows, metaData: { limit: call.params.limit, more: to < count, nextPageLink: String(to) } } } });
  });
  await page.getByRole('link', { name: 'Users' }).click();
}

test('a list of 10,000 users is searched, sorted and paged', async () => {
  const page = await house.signedIn('admin@acme.example', { at: '/account' });
  await many(page, 10000);
  await page.getByText('1–50 of 10,000').waitFor();
  assert.equal(await page.getByRole('row').count(), 51);
  await page.getByRole('button', { name: 'Last', exact: true }).click();
  await page.getByText('9,951–10,000 of 10,000').waitFor();
  await row(page, 'user10000@').waitFor();
  await page.getByLabel('Search').fill('user999');
  await page.getByText('1–11 of 11').waitFor();
  await page.getByRole('button', { name: 'Username' }).click();
  assert.match(await page.getByRole('row').nth(1).textContent(), /user9999@/);
  await house.shot(page, 'search');
  await leave(page);
});

test('a list that has no end says so, and is read on', async () => {
  const page = await house.signedIn('admin@acme.example', { at: '/account' });
  await many(page, 25000);
  await page.getByText(/1–50 of 20,\d+ – there is more in the portal/).waitFor();
  await page.getByRole('button', { name: 'Load more' }).click();
  await page.getByText('1–50 of 25,000').waitFor();
  await page.getByText('there is more in the portal').waitFor({ state: 'hidden' });
  assert.equal(await page.getByRole('button', { name: 'Load more' }).count(), 0);
  await leave(page);
});

test('a portal that does not answer is told of, and asked again', async () => {
  const page = await house.signedIn('admin@acme.example', { at: '/account' });
  await page.route('**/portal', route => route.abort());
  await page.getByRole('link', { name: 'Users' }).click();
  await page.getByText('The portal does not answer.').waitFor();
  await page.unroute('**/portal');
  await page.getByRole('button', { name: 'Try again' }).click();
  await row(page, 'ops@acme.example').waitFor();
  house.faults = house.faults.filter(f => !f.includes('net::ERR_FAILED'));
  await leave(page);
});

test('an address that leads nowhere says so', async () => {
  const page = await house.signedIn('admin@acme.example', { at: '/users/1e3' });
  for (const path of ['/users/1e3', '/users/999999', '/users/3/4', '/users/99999999999999999999', '/<img src=x>', '/operators/1', '/customers/2']) {
    await page.goto(`${house.base}/#${path}`);
    await page.getByRole('heading', { name: 'Nothing here' }).waitFor();
    await page.goto(`${house.base}/#/users`);
    await row(page, 'ops@acme.example').waitFor();
  }
  await leave(page);
});

test('times are those of the place, and of UTC when pointed at', async () => {
  const page = await house.signedIn('admin@acme.example', { at: '/users/3', options: { timezoneId: 'Asia/Tokyo' } });
  const time = page.locator('main time').first();
  const at = new Date(await time.getAttribute('datetime'));
  const there = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'Asia/Tokyo' }).format(at);
  assert.equal(await time.textContent(), there);
  assert.match(await time.getAttribute('title'), new RegExp(`${at.toISOString().slice(0, 10)} ${at.toISOString().slice(11, 19)} UTC$`));
  await leave(page);
});

test('a column is chosen, and stays', async () => {
  const page = await house.signedIn('admin@acme.example', { at: '/users' });
  await page.locator('summary').click();
  await page.getByRole('checkbox', { name: 'E-mail' }).check();
  await page.keyboard.press('Escape');
  await page.getByRole('columnheader', { name: 'E-mail' }).waitFor();
  await page.reload();
  await page.getByRole('columnheader', { name: 'E-mail' }).waitFor();
  await leave(page);
});

test('German, dark, and kept', async () => {
  const page = await house.signedIn('admin@acme.example', { at: '/users/3' });
  await page.getByLabel('Language').first().selectOption('de');
  for (const name of ['Status und Typ', 'Eigenschaften', 'Rolle', 'API-Token']) await page.getByRole('heading', { name }).first().waitFor();
  await page.getByLabel('Farbschema').first().selectOption('dark');
  await page.reload();
  await page.getByRole('button', { name: 'Änderungen speichern' }).waitFor();
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(16, 21, 29)');
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'de');
  assert.deepEqual(await barriers(page), []);
  await leave(page);
});
