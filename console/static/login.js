// Getting in: the login page, the login over a page whose session has ended, what is due first, and new passwords by mail.
import { html, useEffect, useRef, useState } from './ui.js';
import { t } from './i18n.js';
import { bare, NOT_SIGNED_IN } from './api.js';
import { caller, signIn, signOut, whoami } from './session.js';
import { useForm, Choice, CurrentPassword, Field, NewPassword } from './form.js';
import { Dialog } from './dialog.js';
import { Failure, Note } from './page.js';
import { Title } from './format.js';
import { Preferences, Brand } from './preferences.js';
import { remember, remembered } from './memory.js';
import { Secret } from './secret.js';
import { QR } from './qr.js';

// SignedOut is the frame of pages for people who are not signed in.
const SignedOut = ({ title, children }) => html`<div class="door"><${Title} text=${title} />
  <header><${Brand} /><${Preferences} /></header>
  <main><section class="card"><h1>${title}</h1>${children}</section></main></div>`;

export function Login({ notice }) {
  const [forgot, setForgot] = useState(false);
  if (forgot) return html`<${Forgot} back=${() => setForgot(false)} />`;
  return html`<${SignedOut} title=${t('login')}>
    ${notice && html`<${Note} kind="good"><p role="status">${notice}</p></${Note}>`}
    <${Credentials} done=${me => caller.set(me)} />
    <p><button type="button" class="link" onClick=${() => setForgot(true)}>${t('login.forgot')}</button></p>
  </${SignedOut}>`;
}

// Credentials is the form of a login. As someone it is for him alone.
function Credentials({ done, as }) {
  const [operator, setOperator] = useState(as ? as.userType === 'OPERATOR' : remembered('operator') ?? false);
  const form = useForm({ username: as?.username ?? '', password: '', password2: '' });
  const submit = async ({ username, password, password2 }) => {
    const me = await signIn(operator, { username, password, ...(password2 && { password2 }) });
    remember('operator', operator);
    done(me);
  };
  return html`<form onSubmit=${form.submit(submit)}>
    ${form.error?.code === NOT_SIGNED_IN ? html`<${Note} kind="bad"><p role="alert">${t('login.failed')}</p></${Note}>`
    : html`<${Failure} error=${form.error} />`}
    ${!as && html`<${Choice} name="operator" legend=${t('login.as')} value=${operator} choose=${setOperator}
      options=${[[false, t('login.tenant')], [true, t('login.operator')]]} />`}
    <${Username} form=${form} readonly=${Boolean(as)} />
    <${Field} form=${form} name="password" type="password" label=${t('password')} required autocomplete="current-password"
      data-first=${Boolean(as)} />
    <${Field} form=${form} name="password2" label=${t('login.code')} hint=${t('login.code.hint')} autocomplete="one-time-code" />
    <button type="submit" class="primary full" disabled=${form.busy}>${t('login.action')}</button>
  </form>`;
}

const Username = ({ form, readonly }) => html`<${Field} form=${form} name="username" label=${t('username')} required readonly=${readonly}
  autocomplete="username" autocapitalize="none" spellcheck=${false} />`;

// Again is the login over a page: what was typed there stays. Somebody else's login begins the console anew.
export function Again({ close }) {
  const before = caller.get();
  const done = me => {
    if (me?.userId !== before.userId) location.reload();
    else close(true);
  };
  return html`<${Dialog} title=${t('login.again')} fixed alone>
    <div class="body"><p>${t('login.again.text')}</p><${Credentials} done=${done} as=${before} /></div>
    <footer><button type="button" onClick=${() => location.reload()}>${t('login.other')}</button></footer>
  </${Dialog}>`;
}

function Forgot({ back }) {
  const [sent, setSent] = useState(false);
  const form = useForm({ username: '' });
  const send = async ({ username }) => {
    await bare('login/requestPasswordReset', { username });
    setSent(true);
  };
  return html`<${SignedOut} title=${t('login.forgot')}>
    ${sent ? html`<p role="status">${t('forgot.sent')}</p>` : html`<form onSubmit=${form.submit(send)}>
      <p>${t('forgot.text')}</p><${Failure} error=${form.error} />
      <${Username} form=${form} />
      <button type="submit" class="primary full" disabled=${form.busy}>${t('forgot.action')}</button>
    </form>`}
    <p><button type="button" class="link" onClick=${back}>${t('login.back')}</button></p>
  </${SignedOut}>`;
}

// Reset is where the link of a mail leads: what stands behind its # sets a new password, once.
export function Reset({ token, done }) {
  const form = useForm({ password: '', password2: '' });
  const save = async values => {
    await bare('login/redeemPasswordReset', { token, ...values });
    done();
  };
  return html`<${SignedOut} title=${t('password.new')}><form onSubmit=${form.submit(save)}>
    <${Failure} error=${form.error} /><${NewPassword} form=${form} />
    <button type="submit" class="primary full" disabled=${form.busy}>${t('password.set')}</button>
  </form></${SignedOut}>`;
}

// Due is for who has signed in and must do something first.
export const Due = ({ due, done }) => (due === 'password' ? html`<${DuePassword} done=${done} />` : html`<${DueFactor} />`);

const DueFactor = () => html`<${SignedOut} title=${t('factor.due')}>
  <p>${t('factor.due.text')}</p>
  <${Enrol} done=${async () => caller.set(await whoami())} />
  <${Leave} />
</${SignedOut}>`;

const Leave = () => html`<p><button type="button" class="link" onClick=${signOut}>${t('logout')}</button></p>`;

function DuePassword({ done }) {
  const form = useForm({ currentPassword: '', password: '', password2: '' });
  const save = async values => {
    await bare('password/change', values);
    done();
  };
  return html`<${SignedOut} title=${t('password.due')}><p>${t('password.due.text')}</p><form onSubmit=${form.submit(save)}>
    <${Failure} error=${form.error} />
    <${CurrentPassword} form=${form} />
    <${NewPassword} form=${form} />
    <button type="submit" class="primary full" disabled=${form.busy}>${t('password.set')}</button>
  </form><${Leave} /></${SignedOut}>`;
}

// Enrol takes a second factor up: the password, the seed for the app, a code of it, the recovery codes. Hold is told to keep the page
// while these come and are there.
export function Enrol({ done, hold }) {
  const [seed, setSeed] = useState(null);
  const [codes, setCodes] = useState(null);
  const start = useForm({ currentPassword: '' });
  const ref = useRef();
  useEffect(() => { if (seed) ref.current.querySelector('input').focus(); }, [seed]);
  const confirm = useForm({ code: '' });
  const finish = async values => {
    hold?.(true);
    try {
      setCodes((await bare('secondFactor/confirm', values)).recoveryCodes);
    } catch (e) {
      hold?.(false);
      throw e;
    }
  };
  if (codes) return html`<p>${t('factor.codes')}</p>
    <${Secret} rows="10" text=${codes.join('\n')} file="recovery-codes.txt" label=${t('factor.codes.label')} />
    <button type="button" class="primary" onClick=${done}>${t('secret.done')}</button>`;
  if (seed) return html`<form ref=${ref} onSubmit=${confirm.submit(finish)}>
    <${Failure} error=${confirm.error} />
    <p>${t('factor.scan')}</p><${QR} text=${seed.uri} label=${t('factor.qr')} />
    <p>${t('factor.seed')}</p><p class="seed"><code>${seed.seed.match(/.{1,4}/g).join(' ')}</code></p>
    <p><a href=${seed.uri}>${t('factor.open')}</a></p>
    <${Field} form=${confirm} name="code" label=${t('login.code')} required autocomplete="one-time-code" inputmode="numeric" />
    <button type="submit" class="primary" disabled=${confirm.busy}>${t('factor.confirm')}</button></form>`;
  return html`<form onSubmit=${start.submit(async v => setSeed(await bare('secondFactor/enroll', v)))}>
    <${Failure} error=${start.error} />
    <${CurrentPassword} form=${start} />
    <button type="submit" class="primary" disabled=${start.busy}>${t('factor.start')}</button></form>`;
}
