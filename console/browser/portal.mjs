// A portal of its own for each run, with the demo in it, and a browser in front of it.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import assert from 'node:assert/strict';

export const password = 'demo password 1';
export const operator = 'super@portico.local';

// The certificate of the demo is its own.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
process.removeAllListeners('warning');

// start serves a portal and answers its address and what ends it.
async function start() {
  const folder = await mkdtemp(join(tmpdir(), 'portico-console-'));
  const env = { ...process.env, PORTICO_DEMO_PASSWORD: password, PORTICO_OPERATOR_PASSWORD: password };
  const child = spawn(process.env.PORTICO_TEST_BINARY, ['serve', '--demo', '--data', join(folder, 'data'), '--listen', '127.0.0.1:0', '--ops-listen', 'off', '--log-level', 'error'], { env });
  let out = '';
  const base = await new Promise((good, bad) => {
    child.stdout.on('data', b => {
      out += b;
      const served = /serves (\S+)\/portal\//.exec(out);
      if (served) good(served[1]);
    });
    child.stderr.on('data', b => process.stderr.write(b));
    child.on('exit', status => bad(new Error(`the portal ended with ${status}: ${out}`)));
  });
  return {
    base,
    end: async () => {
      const ended = new Promise(done => child.on('exit', done));
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

// A House is a portal, a browser, and what no page may have done at the end.
export class House {
  static async open() {
    const h = new House();
    Object.assign(h, await start());
    h.browser = await chromium.launch({ executablePath: process.env.PORTICO_TEST_CHROMIUM, args: process.getuid() === 0 ? ['--no-sandbox'] : [] });
    h.faults = [];
    h.cookies = new Map();
    h.shots = process.env.PORTICO_TEST_SHOTS;
    if (h.shots) await mkdir(h.shots, { recursive: true });
    return h;
  }

  async close() {
    await this.browser.close();
    await this.end();
    assert.deepEqual(this.faults, [], 'what pages have done wrong');
  }

  // person is a browser of somebody: cookies and tastes of his own.
  async person(options = {}) {
    const context = await this.browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB', viewport: { width: 1280, height: 800 }, ...options });
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: this.base });
    context.setDefaultTimeout(8000);
    context.on('page', page => this.watch(page));
    return context;
  }

  watch(page) {
    page.on('pageerror', e => this.faults.push(`${page.url()}: ${e.stack}`));
    page.on('console', m => {
      if (m.type() === 'error') this.faults.push(`${page.url()}: ${m.text()}`);
    });
    page.on('dialog', d => {
      this.faults.push(`${page.url()}: a dialog of the browser: ${d.message()}`);
      d.dismiss();
    });
    page.on('request', r => {
      if (!r.url().startsWith(this.base) && !r.url().startsWith('blob:')) this.faults.push(`${page.url()} asks for ${r.url()}`);
    });
  }

  // signedIn opens the console for a user who has a session of his own already.
  async signedIn(username, { at = '/', options } = {}) {
    const context = await this.person(options);
    const [name, value] = (await this.session(username)).split('=');
    await context.addCookies([{ url: this.base, name, value, httpOnly: true, secure: true, sameSite: 'Strict' }]);
    const page = await context.newPage();
    await page.goto(`${this.base}/#${at}`);
    await page.locator('#main').waitFor();
    return page;
  }

  // session is the cookie of a new session.
  async session(username) {
    const path = username === operator ? 'operatorLogin' : 'enterpriseLogin';
    const answer = await fetch(`${this.base}/portal/rest/login/${path}`, { method: 'POST', body: JSON.stringify({ username, password }) });
    return answer.headers.get('set-cookie').split(';')[0];
  }

  // call makes a call as a user, beside the console.
  async call(username, method, params = {}) {
    if (!this.cookies.has(username)) this.cookies.set(username, await this.session(username));
    const answer = await fetch(`${this.base}/portal/rest/${method}`, { method: 'POST', body: JSON.stringify(params), headers: { Cookie: this.cookies.get(username) } });
    const result = await answer.json();
    assert.ok(!result?.error, `${method}: ${JSON.stringify(result)}`);
    return result;
  }

  // byToken says what a call answers to who has the text of an API token.
  async byToken(text, method = 'auth/getCallerInfo') {
    const answer = await fetch(`${this.base}/portal/rest/${method}`, { method: 'POST', body: '{}', headers: { Authorization: `Token ${text}` } });
    return answer.json();
  }

  async shot(page, name) {
    if (this.shots) await page.screenshot({ path: join(this.shots, `${name}.jpeg`), type: 'jpeg', fullPage: true });
  }
}

export async function signIn(page, username, secret = password) {
  await page.getByLabel('Username').waitFor();
  if (await page.getByRole('radio').count()) await page.getByLabel(username === operator ? 'an operator' : 'with a customer or partner').check();
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Password').fill(secret);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

// row is the row of a table that a text is in.
export const row = (page, text) => page.getByRole('row').filter({ hasText: text });

export const dialog = page => page.getByRole('dialog');

export const press = (page, name) => page.getByRole('button', { name, exact: true }).first().click();

export const said = (page, text) => page.getByText(text).first().waitFor();

// leave ends a person's browser, with the calls that are on their way in a test's hands.
export async function leave(page) {
  for (const p of page.context().pages()) await p.unrouteAll({ behavior: 'ignoreErrors' });
  await page.context().close();
}

// slowly holds back the answers to a method until the test lets them go.
export async function slowly(page, method) {
  let free;
  const held = new Promise(done => { free = done; });
  await page.route('**/portal', async route => {
    if (route.request().postDataJSON().method !== method) return route.continue();
    const answer = await route.fetch();
    await held;
    return route.fulfill({ response: answer });
  });
  return free;
}
