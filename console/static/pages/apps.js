// OAuth apps: those of an organisation, and those of others that may act in it.
import { html, useMemo, useLoad } from '../ui.js';
import { t, language } from '../i18n.js';
import { call, change } from '../api.js';
import { caller, may } from '../session.js';
import { part } from '../part.js';
import { roleMethods, useRoles, useFunctions } from '../roles.js';
import { Table, useList } from '../table.js';
import { useForm, Field, Check, SaveBar } from '../form.js';
import { Checklist } from '../choose.js';
import { ask, confirmed, Dialog } from '../dialog.js';
import { Page, Card, Facts, Failure, Loaded, Missing, Text, Note, Badge, say } from '../page.js';
import { Time, Distance } from '../format.js';
import { go, leave } from '../router.js';
import { Auth, Keys, Secrets, activity, authOf, keysOf, showSecret, used } from '../clients.js';

const secretMethods = { regenerate: 'oauthApp/regenerateOauthAppSecret', rotate: 'oauthApp/rotateOauthAppSecret', end: 'oauthApp/endOauthAppSecretRotation' };

function List({ at }) {
  const list = useList('oauthApp/getOauthApps', { with: ['grants'], ...at.tenant });
  const columns = useMemo(() => [
    { key: 'name', title: t('name'), value: r => r.name, cell: r => html`<a href=${`#${at.root}/apps/${r.id}`}><bdi>${r.name}</bdi></a>` },
    { key: 'status', title: t('status'), value: r => t(r.isActive ? 'client.active' : 'client.inactive'), cell: r => activity(r.isActive) },
    { key: 'clientId', title: t('client.id'), value: r => r.clientId, cell: r => html`<code>${r.clientId}</code>` },
    { key: 'description', title: t('description'), value: r => r.description },
    { key: 'auth', title: t('client.auth'), value: r => t(`client.auth.${r.authMethod}`), hidden: true },
    { key: 'grants', title: t('app.grantees'), value: r => r.grants?.length ?? 0 },
    { key: 'created', title: t('created'), value: r => r.created, cell: r => html`<${Time} at=${r.created} />`, hidden: true },
    { key: 'lastUsed', title: t('token.used'), value: r => r.lastUsed, cell: r => used(r.lastUsed) },
  ], [at.root, language.get()]);
  const add = async () => {
    const made = await ask(NewApp, { at });
    if (!made) return;
    if (made.clientSecret) await showSecret(made.clientId, made.clientSecret);
    go(`${at.root}/apps/${made.id}`);
  };
  return html`<${Page} title=${t('nav.apps')} crumbs=${at.crumbs}>
    <${Card} title=${t('app.own')} hint=${t('app.hint')}><${Table} name="apps" label=${t('app.own')} list=${list} columns=${columns} empty=${t('app.empty')}
      actions=${may('oauthApp/insertOauthApp', at.tenant) && html`<button type="button" class="primary" onClick=${add}>${t('app.new')}</button>`} /></${Card}>
    ${may('oauthApp/getOauthAppGrants', at.tenant) && html`<${Grants} at=${at} />`}
  </${Page}>`;
}

// useScope are the roles, functional roles and privileges that a scope can be made of, and those that it has already.
function useScope(at, now = { roleIds: [], privileges: [] }) {
  const roles = useRoles(at);
  const functions = useFunctions(at, at.kind, false);
  const known = [...(roles.data ?? []), ...(functions.data ?? [])].map(r => [r.id, r.name]);
  const own = caller.get().userType === at.kind ? caller.get().privileges : [];
  return {
    loading: roles.loading || functions.loading,
    error: roles.error ?? functions.error,
    roles: known.concat(now.roleIds.filter(id => !known.some(([k]) => k === id)).map(id => [id, `#${id}`])),
    privileges: [...new Set([...own, ...now.privileges])].sort().map(p => [p, p]),
  };
}

const Scope = ({ form, scope }) => html`
  <${Checklist} form=${form} name="roleIds" label=${t('app.roles')} hint=${t('app.roles.hint')} options=${scope.roles} />
  <${Checklist} form=${form} name="privileges" label=${t('app.privileges')} hint=${t('app.privileges.hint')} options=${scope.privileges} />`;

const scopeOf = values => ({ roleIds: values.roleIds, privileges: values.privileges });

const lives = [300, 900, 1800, 3600, 7200, 18000];
const lifeOptions = now => [...new Set([...lives, now])].sort((a, b) => a - b).map(s => [s, s % 60 ? t('app.seconds', { n: s }) : t('app.minutes', { n: s / 60 })]);

function NewApp({ at, close }) {
  const scope = useScope(at);
  const form = useForm({ name: '', description: '', accessTokenTtlSec: 1800, authMethod: 'SECRET', jwks: '', roleIds: [], privileges: [] });
  const save = async values => close(await call('oauthApp/insertOauthApp', {
    ...at.tenant, name: values.name.trim(), description: values.description, accessTokenTtlSec: values.accessTokenTtlSec, scope: scopeOf(values), ...authOf(values),
  }));
  return html`<${Dialog} title=${t('app.new')} close=${close} busy=${form.busy} wide><form onSubmit=${form.submit(save)}>
    <div class="body"><${Failure} error=${form.error ?? scope.error} />
      <${Field} form=${form} name="name" label=${t('name')} required maxlength="128" autocomplete="off" />
      <${Field} form=${form} name="description" label=${t('description')} rows="2" maxlength="255" />
      <${Scope} form=${form} scope=${scope} />
      <${Field} form=${form} name="accessTokenTtlSec" label=${t('app.life')} options=${lifeOptions(1800)} />
      <${Auth} form=${form} />
    </div>
    <footer><button type="button" disabled=${form.busy} onClick=${() => close()}>${t('cancel')}</button><button type="submit" class="primary" disabled=${form.busy}>${t('create')}</button></footer>
  </form></${Dialog}>`;
}

function One({ at, id }) {
  const state = useLoad(() => call('oauthApp/getOauthApp', { id: Number(id), with: ['secrets', 'grants'], ...at.tenant }), [id, at.root]);
  return html`<${Loaded} state=${state}>${app => (app ? html`<${App} key=${app.id} app=${app} at=${at} reload=${state.reload} />` : html`<${Missing} />`)}</${Loaded}>`;
}

function App({ app, at, reload }) {
  const scope = useScope(at, app.scope);
  const mayChange = may('oauthApp/updateOauthApp', at.tenant);
  const form = useForm({
    name: app.name, description: app.description ?? '', isActive: app.isActive, ownerOnlySecretRotation: app.ownerOnlySecretRotation,
    accessTokenTtlSec: app.accessTokenTtlSec, roleIds: app.scope.roleIds, privileges: app.scope.privileges, jwks: app.jwks ? JSON.stringify(app.jwks, null, 1) : '',
  }, { warn: true });
  const save = async values => {
    const update = Object.fromEntries(form.changed.filter(k => k !== 'roleIds' && k !== 'privileges').map(k => [k, values[k]]));
    if ('jwks' in update) update.jwks = keysOf(values.jwks);
    if (form.changed.includes('roleIds') || form.changed.includes('privileges')) update.scope = scopeOf(values);
    await change('oauthApp/updateOauthApp', { id: app.id, ...at.tenant, _update: update });
    form.saved(values);
    say(t('saved'));
    reload();
  };
  const remove = async () => {
    const granted = app.grants?.length ?? 0;
    const run = () => call('oauthApp/deleteOauthApp', { id: app.id, force: granted > 0, ...at.tenant });
    const text = t('app.delete.text', { name: app.name }) + (granted ? ` ${t('app.delete.granted', { count: granted, n: granted })}` : '');
    if (await confirmed({ title: t('app.delete'), text, action: t('delete'), danger: true, run })) {
      say(t('app.deleted', { name: app.name }));
      leave(`${at.root}/apps`);
    }
  };
  return html`<${Page} title=${app.name} crumbs=${[...at.crumbs, [t('nav.apps'), `${at.root}/apps`]]}
    actions=${may('oauthApp/deleteOauthApp', at.tenant) && html`<button type="button" class="danger" onClick=${remove}>${t('app.delete')}</button>`}>
    <form class="cards" onSubmit=${form.submit(save)}>
      <${Failure} error=${form.error ?? scope.error} />
      <div class="columns">
        <${Card} title=${t('about')}><${Facts} list=${[
    [t('status'), activity(app.isActive)], [t('client.id'), html`<code>${app.clientId}</code>`], [t('client.auth'), t(`client.auth.${app.authMethod}`)],
    [t('created'), html`<${Time} at=${app.created} />`], [t('token.used'), used(app.lastUsed)], [t('app.version'), String(app.scopeVersion)],
  ]} />${mayChange && html`<${Check} form=${form} name="isActive" label=${t('client.active')} hint=${t('app.active.hint')} />
          <${Check} form=${form} name="ownerOnlySecretRotation" label=${t('app.ownerOnly')} hint=${t('app.ownerOnly.hint')} />`}</${Card}>
        <${Card} title=${t('properties')}>${mayChange ? html`
          <${Field} form=${form} name="name" label=${t('name')} required maxlength="128" autocomplete="off" />
          <${Field} form=${form} name="description" label=${t('description')} rows="2" maxlength="255" />
          <${Field} form=${form} name="accessTokenTtlSec" label=${t('app.life')} options=${lifeOptions(app.accessTokenTtlSec)} />
          ${app.authMethod === 'PRIVATE_KEY_JWT' && html`<${Keys} form=${form} required />`}` : html`<${Facts} list=${[[t('description'), html`<${Text} text=${app.description} />`]]} />`}</${Card}>
      </div>
      <${Card} title=${t('app.scope')} hint=${t('app.scope.hint')}>${mayChange ? html`<div class="columns"><${Scope} form=${form} scope=${scope} /></div>`
    : html`<${Facts} list=${[[t('app.roles'), app.scope.roleIds.map(r => scope.roles.find(([id]) => id === r)?.[1]).join(', ')], [t('app.privileges'), app.scope.privileges.join(', ')]]} />`}</${Card}>
      ${mayChange && html`<${SaveBar} form=${form} />`}
    </form>
    ${app.authMethod === 'SECRET' && html`<${Secrets} client=${app} methods=${secretMethods} tenant=${at.tenant} reload=${reload} />`}
    <${Card} title=${t('app.grantees')} hint=${t('app.grantees.hint')}>${app.grants?.length ? html`<ul class="lines">${app.grants.map(g => html`<li key=${`${g.userType} ${g.enterpriseId ?? g.enterpriseProxyId}`}>
      <bdi>${g.name}</bdi> <span class="hint"><${Time} at=${g.created} /></span> ${g.grantNeedsReview && html`<${Badge} kind="pending" text=${t('app.review')} />`}</li>`)}</ul>` : html`<p class="empty">${t('app.grantees.empty')}</p>`}</${Card}>
  </${Page}>`;
}

// Grants are given by the organisation's own superusers alone; the portal says so to others.
function Grants({ at }) {
  const list = useList('oauthApp/getOauthAppGrants', at.tenant);
  const me = caller.use();
  const own = me.isSuper === 1 && at.root === '';
  const roles = useScope(at).roles;
  const named = ids => ids.map(id => roles.find(([known]) => known === id)?.[1] ?? `#${id}`).join(', ');
  const edit = async grant => {
    if (await ask(Grant, { at, grant })) list.reload();
  };
  const accept = async g => {
    const run = () => change('oauthApp/acceptOauthAppScope', { clientId: g.clientId, scopeVersion: g.scopeVersion, ...at.tenant });
    if (await confirmed({ title: t('grant.accept'), text: t('grant.accept.text', { name: g.name, list: g.newPrivileges.join(', ') }), action: t('grant.accept'), run })) say(t('saved'));
    list.reload();
  };
  const end = async g => {
    const run = () => change('oauthApp/deleteOauthAppGrant', { clientId: g.clientId, ...at.tenant });
    if (await confirmed({ title: t('grant.end'), text: t('grant.end.text', { name: g.name }), action: t('grant.end.action'), danger: true, run })) say(t('grant.ended', { name: g.name }));
    list.reload();
  };
  const columns = [
    { key: 'name', title: t('name'), value: r => r.name },
    { key: 'owner', title: t('grant.owner'), value: r => r.ownerName },
    { key: 'status', title: t('status'), value: r => t(r.grantNeedsReview ? 'app.review' : r.isActive ? 'client.active' : 'client.inactive'),
      cell: r => (r.grantNeedsReview ? html`<${Badge} kind="pending" text=${t('app.review')} />` : activity(r.isActive)) },
    { key: 'roles', title: t('nav.roles'), value: r => named(r.roleIds) },
    { key: 'clientId', title: t('client.id'), value: r => r.clientId, cell: r => html`<code>${r.clientId}</code>`, hidden: true },
    { key: 'created', title: t('created'), value: r => r.created, cell: r => html`<${Distance} at=${r.created} />` },
    own && { key: 'buttons', title: t('actions'), plain: true, value: () => '', cell: r => html`
      ${r.grantNeedsReview && html`<button type="button" class="small" aria-label=${t('grant.accept.of', { name: r.name })} onClick=${() => accept(r)}>${t('grant.accept')}</button>`}
      <button type="button" class="small" aria-label=${t('grant.edit.of', { name: r.name })} onClick=${() => edit(r)}>${t('edit')}</button>
      <button type="button" class="small" aria-label=${t('grant.end.of', { name: r.name })} onClick=${() => end(r)}>${t('grant.end.action')}</button>` },
  ].filter(Boolean);
  return html`<${Card} title=${t('grants')} hint=${t('grants.hint')}><${Table} name="grants" label=${t('grants')} list=${list} columns=${columns} empty=${t('grants.empty')}
    actions=${own && may('oauthApp/insertOauthAppGrant', at.tenant) && html`<button type="button" onClick=${() => edit()}>${t('grant.new')}</button>`} /></${Card}>`;
}

function Grant({ at, grant, close }) {
  const scope = useScope(at, { roleIds: grant?.roleIds ?? [], privileges: [] });
  const form = useForm({ clientId: grant?.clientId ?? '', roleIds: grant?.roleIds ?? [] });
  const save = async values => {
    await change(grant ? 'oauthApp/updateOauthAppGrant' : 'oauthApp/insertOauthAppGrant', { ...at.tenant, clientId: values.clientId.trim(), roleIds: values.roleIds });
    say(t('saved'));
    close(true);
  };
  return html`<${Dialog} title=${grant ? t('grant.edit.of', { name: grant.name }) : t('grant.new')} close=${close} busy=${form.busy}><form onSubmit=${form.submit(save)}>
    <div class="body"><${Failure} error=${form.error ?? scope.error} />
      ${!grant && html`<${Note} kind="warn"><p>${t('grant.new.text')}</p></${Note}><${Field} form=${form} name="clientId" label=${t('client.id')} required autocomplete="off" spellcheck=${false} />`}
      <${Checklist} form=${form} name="roleIds" label=${t('grant.roles')} hint=${t('grant.roles.hint')} options=${scope.roles} /></div>
    <footer><button type="button" disabled=${form.busy} onClick=${() => close()}>${t('cancel')}</button><button type="submit" class="primary" disabled=${form.busy}>${t(grant ? 'save' : 'grant.new')}</button></footer>
  </form></${Dialog}>`;
}

const asks = kind => [
  'oauthApp/insertOauthApp', 'oauthApp/updateOauthApp', 'oauthApp/deleteOauthApp', 'oauthApp/getOauthAppGrants', 'oauthApp/insertOauthAppGrant',
  ...Object.values(secretMethods), 'role/getUserTypeRoles', roleMethods[kind].functions,
];

export default part({
  key: 'apps',
  group: 'access',
  asks,
  reads: () => 'oauthApp/getOauthApps',
  views: { apps: List, 'apps/:id': One },
});
