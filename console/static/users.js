// Users: the list of a tenant's, a new one, and the page of one.
import { html, useMemo, useEffect, useLoad } from './ui.js';
import { t, language } from './i18n.js';
import { call, change } from './api.js';
import { caller, may, mayToSelf } from './session.js';
import { kinds } from './kinds.js';
import { useRoles, roleOptions } from './roles.js';
import { Table, useList } from './table.js';
import { useForm, Choice, Field, SaveBar, Submit } from './form.js';
import { ask, confirmed, Dialog } from './dialog.js';
import { Page, Card, Failure, Loaded, Badge, Facts, Missing, Text, Note, say } from './page.js';
import { Time, Distance, None } from './format.js';
import { go, leave } from './router.js';
import { Tokens } from './tokens.js';

const status = u => (u.isLocked ? 'locked' : u.isActive ? 'enabled' : 'disabled');
const statusText = u => t(`user.${status(u)}`);
const fullName = u => [u.firstName, u.lastName].filter(Boolean).join(' ');

// UserList is the table of a tenant's users.
export function UserList({ where, exportName }) {
  const { kind, tenant, base } = where;
  const methods = kinds[kind];
  const list = useList(methods.list, tenant);
  const columns = useMemo(() => [
    { key: 'username', title: t('username'), value: r => r.username, cell: r => html`<a href=${`#${base}/${r.id}`}><bdi>${r.username}</bdi></a>` },
    { key: 'name', title: t('user.name'), value: fullName, cell: r => html`<${Text} text=${fullName(r)} />` },
    { key: 'role', title: t('role'), value: r => r.roleName },
    { key: 'status', title: t('status'), value: statusText, cell: r => html`<${Badge} kind=${status(r)} text=${statusText(r)} />` },
    { key: 'type', title: t('type'), value: r => t(r.isNative ? 'native' : 'native.not'), hidden: true },
    { key: 'email', title: t('email'), value: r => r.email, hidden: true },
    { key: 'lastLogin', title: t('user.login'), value: r => r.lastLogin, cell: r => (r.lastLogin ? html`<${Distance} at=${r.lastLogin} />` : html`<${None} text=${t('never')} />`) },
    { key: 'created', title: t('created'), value: r => r.created, cell: r => html`<${Time} at=${r.created} />`, hidden: true },
    { key: 'service', title: t('user.kind'), value: r => t(r.isServiceAccount ? 'user.service' : 'user.human'), hidden: true },
  ], [base, language.get()]);
  const add = async () => {
    const id = await ask(NewUser, { where });
    if (id) go(`${base}/${id}`);
  };
  return html`<${Table} name="users" label=${t('users')} list=${list} columns=${columns} empty=${t('users.empty')} exportName=${exportName ?? 'users'}
    actions=${may(methods.insert, tenant) && html`<button type="button" class="primary" onClick=${add}>${t('user.new')}</button>`} />`;
}

function NewUser({ where, close }) {
  const { kind, tenant } = where;
  const roles = useRoles(where);
  const form = useForm({ username: '', firstName: '', lastName: '', email: '', password: '', password2: '', roleId: '' });
  useEffect(() => {
    if (!form.values.roleId && roles.data?.length) form.set('roleId', (roles.data.findLast(r => !r.isCustom) ?? roles.data[0]).id); // the least of those that ship comes last
  }, [roles.data]);
  const save = async values => {
    const made = await call(kinds[kind].insert, { ...tenant, ...given(values) });
    say(t('user.created', { name: values.username }));
    close(made.id);
  };
  return html`<${Dialog} title=${t('user.new')} close=${close} busy=${form.busy}><form onSubmit=${form.submit(save)} autocomplete="off">
    <div class="body">
      <${Failure} error=${form.error ?? roles.error} />
      <${Field} form=${form} name="username" label=${t('username')} required autocomplete="off" />
      <div class="pair"><${Field} form=${form} name="firstName" label=${t('user.first')} /><${Field} form=${form} name="lastName" label=${t('user.last')} /></div>
      <${Field} form=${form} name="email" type="email" label=${t('email')} />
      <${Field} form=${form} name="roleId" label=${t('role')} options=${roleOptions(roles.data)} />
      <div class="pair"><${Field} form=${form} name="password" type="password" label=${t('password')} required autocomplete="new-password" />
        <${Field} form=${form} name="password2" type="password" label=${t('password.confirm')} required autocomplete="new-password" /></div>
    </div>
    <${Submit} form=${form} close=${close} text=${t('create')} />
  </form></${Dialog}>`;
}

const given = values => Object.fromEntries(Object.entries(values).filter(([, v]) => v !== ''));

// UserPage is the page of one user: what he is, what may be changed of it, and his tokens.
export function UserPage({ where, id, crumbs }) {
  const state = useLoad(() => call(kinds[where.kind].get, { id: Number(id) }), [where.kind, id]);
  const here = user => user && Object.entries(where.tenant).every(([of, tenant]) => user[of] === tenant); // the address may name another's
  return html`<${Loaded} state=${state}>${user => (here(user) ? html`<${OneUser} key=${user.id} user=${user} where=${where} crumbs=${crumbs} reload=${state.reload} />` : html`<${Missing} />`)}</${Loaded}>`;
}

const editable = ['isActive', 'isNative', 'roleId', 'firstName', 'lastName', 'email', 'officePhone', 'mobilePhone'];
const flags = ['isActive', 'isNative'];

const valuesOf = user => ({
  ...Object.fromEntries(editable.map(k => [k, flags.includes(k) ? user[k] === 1 : user[k] ?? ''])),
  currentPassword: '', password: '', password2: '',
});

function OneUser({ user, where, crumbs, reload }) {
  const me = caller.use();
  const { kind, tenant } = where;
  const methods = kinds[kind];
  const own = user.id === me.userId;
  const all = may(methods.update, tenant) && !user.isServiceAccount;
  const some = !user.isServiceAccount && (all || (own && mayToSelf(methods.update, tenant)));
  const roles = useRoles(where);
  const form = useForm(valuesOf(user), { warn: true });
  const save = async values => {
    const update = Object.fromEntries(form.changed.filter(k => k !== 'currentPassword').map(k => [k, values[k]]));
    if ('password' in update) update.password2 = values.password2;
    await change(methods.update, { id: user.id, ...(values.currentPassword && { currentPassword: values.currentPassword }), _update: update });
    form.saved(values, { currentPassword: '', password: '', password2: '' });
    say(t('saved'));
    reload();
  };
  const asked = own && (form.changed.includes('email') || form.values.password !== '');
  return html`<${Page} title=${user.username} crumbs=${crumbs} actions=${html`<${Actions} user=${user} where=${where} own=${own} reload=${reload} />`}>
    ${user.isServiceAccount && html`<${Note}><p>${t('user.managed')}</p></${Note}>`}
    <form class="cards" onSubmit=${form.submit(save)}>
      <${Failure} error=${form.error} />
      <div class="columns">
        <${Card} title=${t('user.about')}>
          <${Facts} list=${[
    ...(all && !own && !user.isLocked ? [] : [[t('status'), html`<${Badge} kind=${status(user)} text=${statusText(user)} />`]]),
    ...(all && !own ? [] : [[t('type'), t(user.isNative ? 'native' : 'native.not')]]),
    [t('user.login'), user.lastLogin ? html`<${Time} at=${user.lastLogin} />` : t('never')],
    [t('created'), html`<${Time} at=${user.created} />`], [t('user.password.age'), html`<${Time} at=${user.passwordModified} />`],
  ]} />
          ${all && !own && html`<${Flag} form=${form} name="isActive" legend=${t('status')} yes=${t('user.enabled')} no=${t('user.disabled')}
            hint=${t('user.disabled.hint')} />`}
          ${all && !own && html`<${Flag} form=${form} name="isNative" legend=${t('type')} yes=${t('native')} no=${t('native.not')}
            hint=${t('native.hint')} />`}
        </${Card}>
        <${Card} title=${t('role')} hint=${t('role.hint')}>
          ${all && !own ? html`<${Field} form=${form} name="roleId" label=${t('role')} options=${roleOptions(roles.data, { id: user.roleId, name: user.roleName })} />`
    : html`<${Facts} list=${[[t('role'), html`<bdi>${user.roleName}</bdi>`]]} />`}
        </${Card}>
      </div>
      <${Card} title=${t('properties')}>
        ${some ? html`<div class="grid">
          <${Field} form=${form} name="firstName" label=${t('user.first')} autocomplete="off" />
          <${Field} form=${form} name="lastName" label=${t('user.last')} autocomplete="off" />
          <${Field} form=${form} name="email" type="email" label=${t('email')} autocomplete="off" />
          <${Field} form=${form} name="officePhone" type="tel" label=${t('user.office')} autocomplete="off" />
          <${Field} form=${form} name="mobilePhone" type="tel" label=${t('user.mobile')} autocomplete="off" />
        </div>` : html`<${Facts} list=${[[t('user.name'), html`<${Text} text=${fullName(user)} />`], [t('email'), html`<${Text} text=${user.email} />`]]} />`}
        ${some && user.isNative === 1 && html`<fieldset class="password"><legend>${t('password.change')}</legend><div class="grid">
          ${own && html`<${Field} form=${form} name="currentPassword" type="password" label=${t('password.current')} required=${asked} autocomplete="current-password" />`}
          <${Field} form=${form} name="password" type="password" label=${t('password.new')} autocomplete="new-password" />
          <${Field} form=${form} name="password2" type="password" label=${t('password.confirm')} required=${form.values.password !== ''} autocomplete="new-password" />
        </div><p class="hint">${t(own ? 'password.hint.own' : 'password.hint')}${own && html` ${t('password.hint.email')}`}</p></fieldset>`}
      </${Card}>
      ${some && html`<${SaveBar} form=${form} />`}
    </form>
    ${may(methods.tokensOf, tenant) && (own || me.isSuper === 1) && html`<${Card} title=${t('tokens')} hint=${t('tokens.hint')}><${Tokens} where=${where} user=${user} exportName=${`api-tokens-${user.id}`} /></${Card}>`}
  </${Page}>`;
}

const Flag = ({ form, name, yes, no, ...rest }) => html`<${Choice} name=${name} options=${[[true, yes], [false, no]]} value=${form.values[name]}
  choose=${value => form.set(name, value)} ...${rest} />`;

// Actions are what is done to a user at once, each after a question.
function Actions({ user, where, own, reload }) {
  const { kind, tenant, base } = where;
  const methods = kinds[kind];
  if (own || user.isServiceAccount) return null;
  const name = user.username;
  const mail = () => confirmed({
    title: t('reset'), text: t('reset.text', { name }), action: t('reset.action'),
    run: () => call(methods.sendReset, { id: user.id }),
  }).then(done => done && say(t('reset.done', { name })));
  const unlock = () => confirmed({
    title: t('user.unlock'), text: t('user.unlock.text', { name }), action: t('user.unlock'),
    run: () => call(methods.update, { id: user.id, _update: { isLocked: false } }),
  }).then(done => {
    if (!done) return;
    say(t('user.unlocked', { name }));
    reload();
  });
  const factor = () => confirmed({
    title: t('factor.reset'), text: t('factor.reset.text', { name }), action: t('factor.reset.action'), danger: true,
    run: () => call('secondFactor/reset', { id: user.id }),
  }).then(done => done && say(t('factor.reset.done', { name })));
  const remove = () => confirmed({
    title: t('user.delete'), text: t('user.delete.text', { name }), action: t('delete'), danger: true,
    run: () => call(methods.remove, { id: user.id, ...tenant }),
  }).then(done => {
    if (!done) return;
    say(t('user.deleted', { name }));
    leave(where.list ?? base);
  });
  return html`
    ${user.isLocked === 1 && may(methods.update, tenant) && html`<button type="button" onClick=${unlock}>${t('user.unlock')}</button>`}
    ${may(methods.sendReset, tenant) && user.isNative === 1 && html`<button type="button" onClick=${mail}>${t('reset')}</button>`}
    ${may('secondFactor/reset', tenant) && html`<button type="button" onClick=${factor}>${t('factor.reset')}</button>`}
    ${may(methods.remove, tenant) && html`<button type="button" class="danger" onClick=${remove}>${t('user.delete')}</button>`}`;
}
