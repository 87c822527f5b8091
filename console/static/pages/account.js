// My account: who I am, my password, my second factor, my API tokens.
import { html, useLoad, useState } from '../ui.js';
import { t } from '../i18n.js';
import { call } from '../api.js';
import { caller, may } from '../session.js';
import { kinds, methodsOf } from '../kinds.js';
import { home } from '../where.js';
import { useForm, CurrentPassword, NewPassword, Submit } from '../form.js';
import { ask, Dialog } from '../dialog.js';
import { Page, Card, Facts, Failure, Loaded, say } from '../page.js';
import { Time, Distance } from '../format.js';
import { Tokens } from '../tokens.js';
import { Enrol } from '../login.js';

function Account() {
  const me = caller.use();
  const where = home(me);
  const user = { id: me.userId, username: me.username };
  return html`<${Page} title=${t('nav.account')}>
    <div class="columns">
      <${Card} title=${t('account.me')}><${Facts} list=${[
  [t('username'), html`<bdi>${me.username}</bdi>`], [t('role'), html`<bdi>${me.role.name}</bdi>`],
  [t('account.until'), html`<${Time} at=${me.expires} />`], [t('account.source'), me.source],
]} /></${Card}>
      <${Password} />
    </div>
    <${Factor} />
    ${may(kinds[where.kind].tokensOf) && html`<${Card} title=${t('account.tokens')} hint=${t('tokens.hint')}>
      <${Tokens} where=${where} user=${user} exportName="my-api-tokens" /></${Card}>`}
  </${Page}>`;
}

function Password() {
  const empty = { currentPassword: '', password: '', password2: '' };
  const form = useForm(empty, { warn: true });
  const save = async values => {
    await call('password/change', values);
    form.reset(empty);
    say(t('password.changed'));
    await call('auth/getCallerInfo'); // all sessions have ended, this one too: the login is asked for now
  };
  return html`<${Card} title=${t('password.change')}><form onSubmit=${form.submit(save)}>
    <${Failure} error=${form.error} />
    <${CurrentPassword} form=${form} />
    <${NewPassword} form=${form} />
    <p class="hint">${t('password.hint.own')}</p>
    <button type="submit" class="primary" disabled=${form.busy}>${t('password.set')}</button>
  </form></${Card}>`;
}

function Factor() {
  const state = useLoad(() => call('secondFactor/get'), []);
  const enrol = async () => {
    await ask(EnrolDialog);
    state.reload();
  };
  const remove = async () => {
    if (await ask(RemoveFactor)) say(t('factor.removed'));
    state.reload();
  };
  return html`<${Card} title=${t('factor')} hint=${t('factor.hint')}><${Loaded} state=${state}>${f => html`
    <${Facts} list=${factsOf(f)} />
    ${!f.isEnrolled && html`<button type="button" onClick=${enrol}>${t('factor.add')}</button>`}
    ${f.isEnrolled && !f.isRequired && html`<button type="button" onClick=${remove}>${t('factor.remove')}</button>`}`}
  </${Loaded}></${Card}>`;
}

const factsOf = f => [
  [t('status'), t(f.isEnrolled ? 'factor.on' : 'factor.off')],
  ...(f.isEnrolled ? [[t('factor.since'), html`<${Distance} at=${f.created} />`], [t('factor.left'), String(f.recoveryCodesLeft)]] : []),
];

// EnrolDialog cannot be left by the way from when the recovery codes are asked for.
function EnrolDialog({ close }) {
  const [fixed, setFixed] = useState(false);
  return html`<${Dialog} title=${t('factor')} close=${close} fixed=${fixed}>
    <div class="body"><${Enrol} done=${() => close(true)} hold=${setFixed} /></div></${Dialog}>`;
}

function RemoveFactor({ close }) {
  const form = useForm({ currentPassword: '' });
  const remove = async values => {
    await call('secondFactor/remove', values);
    close(true);
  };
  return html`<${Dialog} title=${t('factor.remove')} close=${close} busy=${form.busy}><form onSubmit=${form.submit(remove)}><div class="body">
    <p>${t('factor.remove.text')}</p><${Failure} error=${form.error} />
    <${CurrentPassword} form=${form} /></div>
    <${Submit} form=${form} close=${close} text=${t('factor.remove')} kind="danger" />
  </form></${Dialog}>`;
}

export default {
  key: 'account',
  group: 'mine',
  asks: me => methodsOf(me.userType),
  shown: () => true,
  routes: { '/account': Account },
};
