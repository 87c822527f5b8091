// API clients: programs with a user of their own.
import { html, useMemo, useLoad } from '../ui.js';
import { t, language } from '../i18n.js';
import { call, change } from '../api.js';
import { may } from '../session.js';
import { part } from '../part.js';
import { kinds } from '../kinds.js';
import { roleMethods, roleOptions, useRoles, useFunctions } from '../roles.js';
import { Table, useList } from '../table.js';
import { useForm, Field, SaveBar } from '../form.js';
import { Checklist, Suggest } from '../choose.js';
import { ask, confirmed, Dialog } from '../dialog.js';
import { Page, Card, Facts, Failure, Loaded, Missing, Text, say } from '../page.js';
import { Time } from '../format.js';
import { go, leave } from '../router.js';
import { Auth, Keys, Secrets, activity, authOf, keysOf, showSecret, used } from '../clients.js';

const secretMethods = { regenerate: 'apiClient/regenerateApiClientSecret', rotate: 'apiClient/rotateApiClientSecret', end: 'apiClient/endApiClientSecretRotation' };
const fullName = c => [c.firstName, c.lastName].filter(Boolean).join(' ');

function List({ at }) {
  const list = useList('apiClient/getApiClients', at.tenant);
  const columns = useMemo(() => [
    { key: 'clientId', title: t('client.id'), value: r => r.clientId, cell: r => html`<a href=${`#${at.root}/clients/${r.id}`}><bdi>${r.clientId}</bdi></a>` },
    { key: 'name', title: t('name'), value: fullName },
    { key: 'role', title: t('role'), value: r => r.roleName },
    { key: 'status', title: t('status'), value: r => t(r.isActive ? 'client.active' : 'client.inactive'), cell: r => activity(r.isActive) },
    { key: 'description', title: t('description'), value: r => r.description, hidden: true },
    { key: 'auth', title: t('client.auth'), value: r => t(`client.auth.${r.authMethod}`), hidden: true },
    { key: 'created', title: t('created'), value: r => r.created, cell: r => html`<${Time} at=${r.created} />`, hidden: true },
    { key: 'lastUsed', title: t('token.used'), value: r => r.lastUsed, cell: r => used(r.lastUsed) },
  ], [at.root, language.get()]);
  const add = async () => {
    const made = await ask(NewClient, { at });
    if (!made) return;
    if (made.clientSecret) await showSecret(made.clientId, made.clientSecret);
    go(`${at.root}/clients/${made.id}`);
  };
  return html`<${Page} title=${t('nav.clients')} crumbs=${at.crumbs}><${Card} hint=${t('clients.hint')}>
    <${Table} name="clients" label=${t('nav.clients')} list=${list} columns=${columns} empty=${t('clients.empty')} exportName="api-clients"
      actions=${may('apiClient/insertApiClient', at.tenant) && html`<button type="button" class="primary" onClick=${add}>${t('clients.new')}</button>`} />
  </${Card}></${Page}>`;
}

const FUNCTIONS = 'functions';

// Role is that of the client's user: a role, or functions in its place.
function Role({ form, at, now }) {
  const roles = useRoles(at);
  const functions = useFunctions(at);
  const options = [...roleOptions(roles.data, now), [FUNCTIONS, t('clients.functions')]];
  return html`<${Failure} error=${roles.error ?? functions.error} />
    <${Field} form=${form} name="roleId" label=${t('role')} options=${form.values.roleId ? options : [['', ''], ...options]} required />
    ${form.values.roleId === FUNCTIONS && html`<${Checklist} form=${form} name="functions" label=${t('clients.functions')} options=${(functions.data ?? []).map(f => [f.id, f.name])} />`}`;
}

const roleOf = ({ roleId, functions }) => (roleId === FUNCTIONS ? { roleIds: functions } : { roleId });

function NewClient({ at, close }) {
  const form = useForm({ clientId: '', firstName: '', lastName: '', description: '', roleId: '', functions: [], authMethod: 'SECRET', jwks: '' });
  const save = async values => close(await call('apiClient/insertApiClient', {
    ...at.tenant, clientId: values.clientId.trim(), firstName: values.firstName, lastName: values.lastName, description: values.description, ...roleOf(values), ...authOf(values),
  }));
  return html`<${Dialog} title=${t('clients.new')} close=${close} busy=${form.busy}><form onSubmit=${form.submit(save)}>
    <div class="body"><${Failure} error=${form.error} />
      <${Field} form=${form} name="clientId" label=${t('client.id')} hint=${t('clients.id.hint')} required maxlength="239" autocomplete="off" spellcheck=${false} />
      <div class="pair"><${Field} form=${form} name="firstName" label=${t('user.first')} required autocomplete="off" /><${Field} form=${form} name="lastName" label=${t('user.last')} required autocomplete="off" /></div>
      <${Field} form=${form} name="description" label=${t('description')} rows="2" maxlength="255" />
      <${Role} form=${form} at=${at} />
      <${Auth} form=${form} />
    </div>
    <footer><button type="button" disabled=${form.busy} onClick=${() => close()}>${t('cancel')}</button><button type="submit" class="primary" disabled=${form.busy}>${t('create')}</button></footer>
  </form></${Dialog}>`;
}

function One({ at, id }) {
  const functions = useFunctions(at);
  const state = useLoad(() => call('apiClient/getApiClient', { id: Number(id), with: ['secrets'], ...at.tenant }), [id, at.root]);
  return html`<${Loaded} state=${functions}>${list => html`<${Loaded} state=${state}>${client => (client
    ? html`<${Client} key=${client.id} client=${client} functions=${list} at=${at} reload=${state.reload} />` : html`<${Missing} />`)}</${Loaded}>`}</${Loaded}>`;
}

function Client({ client, functions, at, reload }) {
  const mayChange = may('apiClient/updateApiClient', at.tenant);
  const isFunctional = client.roleIds.every(id => functions.some(f => f.id === id));
  const form = useForm({
    firstName: client.firstName ?? '', lastName: client.lastName ?? '', description: client.description ?? '',
    roleId: isFunctional ? FUNCTIONS : client.roleIds[0], functions: isFunctional ? client.roleIds : [], jwks: client.jwks ? JSON.stringify(client.jwks, null, 1) : '',
  }, { warn: true });
  const save = async values => {
    const update = Object.fromEntries(form.changed.filter(k => k !== 'roleId' && k !== 'functions').map(k => [k, values[k]]));
    if ('jwks' in update) update.jwks = keysOf(values.jwks);
    if (form.changed.includes('roleId') || form.changed.includes('functions')) Object.assign(update, roleOf(values));
    await change('apiClient/updateApiClient', { id: client.id, ...at.tenant, _update: update });
    form.saved(values);
    say(t('saved'));
    reload();
  };
  return html`<${Page} title=${client.clientId} crumbs=${[...at.crumbs, [t('nav.clients'), `${at.root}/clients`]]} actions=${html`<${Actions} client=${client} at=${at} reload=${reload} />`}>
    <form class="cards" onSubmit=${form.submit(save)}>
      <${Failure} error=${form.error} />
      <div class="columns">
        <${Card} title=${t('about')}><${Facts} list=${[
    [t('status'), activity(client.isActive)], [t('username'), html`<a href=${`#${at.base}/${client.userId}`}><bdi>${client.username}</bdi></a>`],
    [t('client.auth'), t(`client.auth.${client.authMethod}`)], [t('created'), html`<${Time} at=${client.created} />`], [t('token.used'), used(client.lastUsed)],
  ]} /></${Card}>
        <${Card} title=${t('role')} hint=${t('role.hint')}>${mayChange ? html`<${Role} form=${form} at=${at} now=${isFunctional ? null : { id: client.roleIds[0], name: client.roleName }} />`
    : html`<${Facts} list=${[[t('role'), html`<bdi>${client.roleName}</bdi>`]]} />`}</${Card}>
      </div>
      <${Card} title=${t('properties')}>${mayChange ? html`<div class="grid">
          <${Field} form=${form} name="firstName" label=${t('user.first')} required autocomplete="off" />
          <${Field} form=${form} name="lastName" label=${t('user.last')} required autocomplete="off" />
        </div><${Field} form=${form} name="description" label=${t('description')} rows="2" maxlength="255" />
        ${client.authMethod === 'PRIVATE_KEY_JWT' && html`<${Keys} form=${form} required />`}`
    : html`<${Facts} list=${[[t('name'), html`<${Text} text=${fullName(client)} />`], [t('description'), html`<${Text} text=${client.description} />`]]} />`}</${Card}>
      ${mayChange && html`<${SaveBar} form=${form} />`}
    </form>
    ${client.authMethod === 'SECRET' && html`<${Secrets} client=${client} methods=${secretMethods} tenant=${at.tenant} reload=${reload} />`}
  </${Page}>`;
}

function Actions({ client, at, reload }) {
  const name = client.clientId;
  const turn = async () => {
    const on = !client.isActive;
    const method = on ? 'apiClient/activateApiClient' : 'apiClient/deactivateApiClient';
    const action = t(on ? 'clients.on' : 'clients.off');
    const run = () => change(method, { id: client.id, ...at.tenant });
    if (await confirmed({ title: action, text: t(on ? 'clients.on.text' : 'clients.off.text', { name }), action, danger: !on, run })) reload();
  };
  const remove = async () => {
    if (!(await ask(Remove, { client, at }))) return;
    say(t('clients.deleted', { name }));
    leave(`${at.root}/clients`);
  };
  return html`
    ${may('apiClient/updateApiClient', at.tenant) && html`<button type="button" onClick=${turn}>${t(client.isActive ? 'clients.off' : 'clients.on')}</button>`}
    ${may('apiClient/deleteApiClient', at.tenant) && html`<button type="button" class="danger" onClick=${remove}>${t('clients.delete')}</button>`}`;
}

// Remove asks who gets what is shared with the client's user: the portal deletes none that has something of the kind without it.
function Remove({ client, at, close }) {
  const users = useList(may(kinds[at.kind].list, at.tenant) ? kinds[at.kind].list : null, { ...at.tenant, userKind: 'HUMAN' });
  const form = useForm({ heir: '' });
  const save = async ({ heir }) => {
    const to = users.rows?.find(u => u.username === heir.trim());
    if (heir.trim() && !to) return form.refuse(t('user.unknown'), 'heir');
    await change('apiClient/deleteApiClient', { id: client.id, ...(to && { reassignToUserId: to.id }), ...at.tenant });
    return close(true);
  };
  return html`<${Dialog} title=${t('clients.delete')} close=${close} busy=${form.busy}><form onSubmit=${form.submit(save)}>
    <div class="body"><p>${t('clients.delete.text', { name: client.clientId })}</p><${Failure} error=${form.error} />
      <${Suggest} form=${form} name="heir" label=${t('clients.heir')} hint=${t('clients.heir.hint')} options=${(users.rows ?? []).map(u => u.username)} /></div>
    <footer><button type="button" data-first disabled=${form.busy} onClick=${() => close()}>${t('cancel')}</button><button type="submit" class="danger" disabled=${form.busy}>${t('delete')}</button></footer>
  </form></${Dialog}>`;
}

const asks = kind => [
  ...['insertApiClient', 'updateApiClient', 'deleteApiClient'].map(m => `apiClient/${m}`),
  ...Object.values(secretMethods), 'role/getUserTypeRoles', roleMethods[kind].functions, kinds[kind].list,
];

export default part({
  key: 'clients',
  group: 'access',
  asks,
  reads: () => 'apiClient/getApiClients',
  views: { clients: List, 'clients/:id': One },
});
