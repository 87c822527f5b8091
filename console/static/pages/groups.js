// User groups: users and API clients of an organisation with whom credentials are shared together.
import { html, useMemo, useLoad } from '../ui.js';
import { t, language } from '../i18n.js';
import { call, change } from '../api.js';
import { may } from '../session.js';
import { part } from '../part.js';
import { kinds } from '../kinds.js';
import { Table, useList } from '../table.js';
import { useForm, Field, SaveBar } from '../form.js';
import { Checklist } from '../choose.js';
import { ask, confirmed, Dialog } from '../dialog.js';
import { Page, Card, Facts, Failure, Loaded, Missing, Text, say } from '../page.js';
import { Time } from '../format.js';
import { go, leave } from '../router.js';
import { useNames } from '../tokens.js';

function List({ at }) {
  const list = useList('userGroup/getUserGroups', at.tenant);
  const columns = useMemo(() => [
    { key: 'name', title: t('name'), value: r => r.name, cell: r => html`<a href=${`#${at.root}/groups/${r.id}`}><bdi>${r.name}</bdi></a>` },
    { key: 'description', title: t('description'), value: r => r.description },
    { key: 'memberCount', title: t('usergroup.members'), value: r => r.memberCount },
    { key: 'created', title: t('created'), value: r => r.created, cell: r => html`<${Time} at=${r.created} />` },
  ], [at.root, language.get()]);
  const add = async () => {
    const id = await ask(NewGroup, { at });
    if (id) go(`${at.root}/groups/${id}`);
  };
  return html`<${Page} title=${t('nav.groups')} crumbs=${at.crumbs}><${Card} hint=${t('usergroup.hint')}>
    <${Table} name="groups" label=${t('nav.groups')} list=${list} columns=${columns} empty=${t('usergroup.empty')} exportName="user-groups"
      actions=${may('userGroup/insertUserGroup', at.tenant) && html`<button type="button" class="primary" onClick=${add}>${t('usergroup.new')}</button>`} />
  </${Card}></${Page}>`;
}

const Properties = ({ form }) => html`<${Field} form=${form} name="name" label=${t('name')} required maxlength="255" autocomplete="off" />
  <${Field} form=${form} name="description" label=${t('description')} rows="2" maxlength="255" />`;

function NewGroup({ at, close }) {
  const form = useForm({ name: '', description: '' });
  const save = async values => {
    const { id } = await call('userGroup/insertUserGroup', { ...at.tenant, ...values, name: values.name.trim() });
    say(t('usergroup.created', { name: values.name }));
    close(id);
  };
  return html`<${Dialog} title=${t('usergroup.new')} close=${close} busy=${form.busy}><form onSubmit=${form.submit(save)}>
    <div class="body"><${Failure} error=${form.error} /><${Properties} form=${form} /></div>
    <footer><button type="button" disabled=${form.busy} onClick=${() => close()}>${t('cancel')}</button><button type="submit" class="primary" disabled=${form.busy}>${t('create')}</button></footer>
  </form></${Dialog}>`;
}

function One({ at, id }) {
  const state = useLoad(() => call('userGroup/getUserGroup', { id: Number(id), with: ['members', 'credentials'], ...at.tenant }), [id, at.root]);
  return html`<${Loaded} state=${state}>${group => (group ? html`<${Group} key=${group.id} group=${group} at=${at} reload=${state.reload} />` : html`<${Missing} />`)}</${Loaded}>`;
}

function Group({ group, at, reload }) {
  const mayChange = may('userGroup/updateUserGroup', at.tenant);
  const form = useForm({ name: group.name, description: group.description ?? '' }, { warn: true });
  const save = async values => {
    await change('userGroup/updateUserGroup', { id: group.id, ...at.tenant, _update: Object.fromEntries(form.changed.map(k => [k, values[k]])) });
    form.saved(values);
    say(t('saved'));
    reload();
  };
  const remove = async () => {
    const credentials = group.credentials?.length ?? 0;
    const run = () => change('userGroup/deleteUserGroup', { id: group.id, force: true, ...at.tenant });
    const text = t('usergroup.delete.text', { name: group.name, members: group.memberCount, credentials });
    if (await confirmed({ title: t('usergroup.delete'), text, action: t('delete'), danger: true, run })) {
      say(t('usergroup.deleted', { name: group.name }));
      leave(`${at.root}/groups`);
    }
  };
  return html`<${Page} title=${group.name} crumbs=${[...at.crumbs, [t('nav.groups'), `${at.root}/groups`]]}
    actions=${may('userGroup/deleteUserGroup', at.tenant) && html`<button type="button" class="danger" onClick=${remove}>${t('usergroup.delete')}</button>`}>
    <form class="cards" onSubmit=${form.submit(save)}><${Failure} error=${form.error} />
      <${Card} title=${t('properties')}>${mayChange ? html`<${Properties} form=${form} />` : html`<${Facts} list=${[[t('description'), html`<${Text} text=${group.description} />`]]} />`}
        <${Facts} list=${[[t('created'), html`<${Time} at=${group.created} />`]]} /></${Card}>
      ${mayChange && html`<${SaveBar} form=${form} />`}
    </form>
    <${Members} group=${group} at=${at} reload=${reload} mayChange=${mayChange} />
    ${may('credential/getCredentials', at.tenant) && html`<${Card} title=${t('nav.credentials')} hint=${t('usergroup.credentials.hint')}>${group.credentials?.length
    ? html`<ul class="lines">${group.credentials.map(c => html`<li key=${c.id}><a href=${`#${at.root}/credentials/${c.id}`}><bdi>${c.username}</bdi></a></li>`)}</ul>` : html`<p class="empty">${t('usergroup.credentials.empty')}</p>`}</${Card}>`}
  </${Page}>`;
}

function Members({ group, at, reload, mayChange }) {
  const names = useNames(at);
  const list = { rows: group.members ?? [], reload };
  const add = async () => {
    await ask(Add, { group, at });
    reload(); // some may be members, whatever became of the others
  };
  const remove = async member => {
    const run = () => change('userGroup/removeUserGroupMember', { id: group.id, userId: member.userId, ...at.tenant });
    const text = t('usergroup.remove.text', { name: member.username, group: group.name });
    if (await confirmed({ title: t('usergroup.remove'), text, action: t('usergroup.remove.action'), danger: true, run })) reload();
  };
  const columns = useMemo(() => [
    { key: 'username', title: t('username'), value: r => r.username, cell: r => html`<a href=${`#${at.base}/${r.userId}`}><bdi>${r.username}</bdi></a>` },
    { key: 'kind', title: t('user.kind'), value: r => t(r.isServiceAccount ? 'user.service' : 'user.human') },
    { key: 'added', title: t('usergroup.added'), value: r => r.added, cell: r => html`<${Time} at=${r.added} />` },
    { key: 'by', title: t('usergroup.by'), value: r => r.addedByUserId && (names.get(r.addedByUserId) ?? `#${r.addedByUserId}`), hidden: true },
    mayChange && { key: 'buttons', title: t('actions'), plain: true, value: () => '', cell: r => html`<button type="button" class="small"
      aria-label=${t('usergroup.remove.of', { name: r.username })} onClick=${() => remove(r)}>${t('usergroup.remove.action')}</button>` },
  ].filter(Boolean), [group, names, language.get()]);
  return html`<${Card} title=${t('usergroup.members')}><${Table} name="members" label=${t('usergroup.members')} list=${list} columns=${columns} rowKey=${r => r.userId} empty=${t('usergroup.members.empty')}
    actions=${mayChange && may(kinds[at.kind].list, at.tenant) && html`<button type="button" onClick=${add}>${t('usergroup.add')}</button>`} /></${Card}>`;
}

// Add makes users members. Who could not be made one is told by name; the others are.
function Add({ group, at, close }) {
  const users = useList(kinds[at.kind].list, at.tenant);
  const form = useForm({ userIds: [] });
  const options = useMemo(() => {
    const members = new Set((group.members ?? []).map(m => m.userId));
    return (users.rows ?? []).filter(u => !members.has(u.id) && u.isActive).map(u => [u.id, u.username]);
  }, [users.rows]);
  const save = async ({ userIds }) => {
    const { failures } = await call('userGroup/addUserGroupMembers', { id: group.id, userIds, ...at.tenant });
    if (!failures.length) return close(true);
    const name = id => options.find(([known]) => known === id)?.[1] ?? `#${id}`;
    return form.refuse(failures.map(f => t(`usergroup.failure.${f.code}`, { name: name(f.userId) })).join(' '));
  };
  return html`<${Dialog} title=${t('usergroup.add')} close=${close} busy=${form.busy}><form onSubmit=${form.submit(save)}>
    <div class="body"><${Failure} error=${form.error ?? users.error} /><${Checklist} form=${form} name="userIds" label=${t('users')} options=${options} empty=${users.loading ? t('loading') : t('usergroup.add.empty')} /></div>
    <footer><button type="button" disabled=${form.busy} onClick=${() => close()}>${t('cancel')}</button><button type="submit" class="primary" disabled=${form.busy || !form.values.userIds.length}>${t('usergroup.add')}</button></footer>
  </form></${Dialog}>`;
}

const methods = ['insertUserGroup', 'updateUserGroup', 'deleteUserGroup'].map(m => `userGroup/${m}`);

export default part({
  key: 'groups',
  group: 'people',
  asks: kind => [...methods, 'credential/getCredentials', kinds[kind].list],
  reads: () => 'userGroup/getUserGroups',
  views: { groups: List, 'groups/:id': One },
});
