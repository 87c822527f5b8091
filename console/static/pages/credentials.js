// Credentials: logins that live elsewhere, kept here and used by those with whom they are shared.
import { html, useMemo, useState, useLoad } from '../ui.js';
import { t, language } from '../i18n.js';
import { batch, call, change } from '../api.js';
import { caller, may } from '../session.js';
import { part } from '../part.js';
import { kinds } from '../kinds.js';
import { Table, useList } from '../table.js';
import { useForm, Field, SaveBar } from '../form.js';
import { Checklist } from '../choose.js';
import { ask, confirmed, Dialog } from '../dialog.js';
import { Page, Card, Facts, Failure, Loaded, Missing, Badge, Text, say } from '../page.js';
import { Time, Distance } from '../format.js';
import { go, leave } from '../router.js';
import { useNames } from '../tokens.js';
import { Secret, fileName } from '../secret.js';

const colours = { VERIFIED: 'enabled', UNVERIFIED: '', REJECTED: 'revoked', LOCKED: 'locked', EXPIRED: 'pending' };
const status = c => html`<${Badge} kind=${colours[c.status] ?? ''} text=${t(`credential.${c.status}`)} />`;

const none = [];

// Who administrates credentials sees all of them; others see those that they may use, and no more of them than the name.
const administrates = at => may('credential/updateCredential', at.tenant);

function List({ at }) {
  const list = useList('credential/getCredentials', { view: 'Full', ...at.tenant });
  const all = administrates(at);
  const mine = useMine(list.rows ?? none, at);
  const columns = useMemo(() => [
    { key: 'username', title: t('username'), value: r => r.username, cell: r => (all ? html`<a href=${`#${at.root}/credentials/${r.id}`}><bdi>${r.username}</bdi></a>` : html`<bdi>${r.username}</bdi>`) },
    ...(all ? [
      { key: 'status', title: t('status'), value: r => t(`credential.${r.status}`), cell: status },
      { key: 'description', title: t('description'), value: r => r.description },
      { key: 'shares', title: t('credential.shares'), value: r => r.userIds.length + r.userGroupIds.length },
      { key: 'verifiedAt', title: t('credential.verified'), value: r => r.verifiedAt, cell: r => html`<${Distance} at=${r.verifiedAt} />` },
      { key: 'lastUpdated', title: t('credential.updated'), value: r => r.lastUpdated, cell: r => html`<${Time} at=${r.lastUpdated} />`, hidden: true },
    ] : []),
    { key: 'buttons', title: t('actions'), plain: true, value: () => '', cell: r => mine(r) && html`<button type="button" class="small" aria-label=${t('credential.use.of', { name: r.username })}
      onClick=${() => ask(Use, { credential: r, at })}>${t('credential.use.action')}</button>` },
  ], [at.root, all, mine, language.get()]);
  const add = async () => {
    const id = await ask(NewCredential, { at });
    if (id) go(`${at.root}/credentials/${id}`);
  };
  return html`<${Page} title=${t('nav.credentials')} crumbs=${at.crumbs}><${Card} hint=${t(all ? 'credential.hint' : 'credential.hint.user')}>
    <${Table} name="credentials" label=${t('nav.credentials')} list=${list} columns=${columns} empty=${t(all ? 'credential.empty' : 'credential.empty.user')}
      actions=${may('credential/insertCredential', at.tenant) && html`<button type="button" class="primary" onClick=${add}>${t('credential.new')}</button>`} />
  </${Card}></${Page}>`;
}

// useMine says which credentials the caller may use: who sees the shares finds himself in them, or in one of the groups; who does not
// sees only what is his. Of the groups of others no more than whether he is in them is asked.
function useMine(list, at) {
  const me = caller.get().userId;
  const ids = [...new Set(list.filter(c => c.userIds && !c.userIds.includes(me)).flatMap(c => c.userGroupIds))];
  const known = may('userGroup/getUserGroups', at.tenant);
  const groups = useLoad(async () => {
    const got = await batch(known ? ids.map(id => ['userGroup/getUserGroup', { id, with: ['members'], ...at.tenant }]) : []);
    return new Set(ids.filter((id, i) => got[i]?.result?.members?.some(m => m.userId === me)));
  }, [known, ids.join()]);
  return c => may('credential/useCredential', at.tenant) && (!c.userIds || c.userIds.includes(me) || c.userGroupIds.some(id => (known ? groups.data?.has(id) : true)));
}

// Use asks what for, and shows the password, this once.
function Use({ credential, at, close }) {
  const [password, setPassword] = useState(null);
  const form = useForm({ purpose: '' });
  const get = async ({ purpose }) => setPassword((await call('credential/useCredential', { id: credential.id, purpose, ...at.tenant })).password);
  return html`<${Dialog} title=${t('credential.use')} close=${close} busy=${form.busy} fixed=${password !== null} wide><form onSubmit=${form.submit(get)}>
    <div class="body"><p><strong><bdi>${credential.username}</bdi></strong></p>
      ${password === null ? html`<${Failure} error=${form.error} /><${Field} form=${form} name="purpose" label=${t('credential.purpose')} hint=${t('credential.purpose.hint')} required maxlength="255" autocomplete="off" />`
    : html`<${Secret} text=${password} label=${t('password')} rows="2" note=${t('credential.used')} file=${`${fileName(credential.username)}.password`} />`}</div>
    <footer>${password === null
    ? html`<button type="button" disabled=${form.busy} onClick=${() => close()}>${t('cancel')}</button><button type="submit" class="primary" disabled=${form.busy}>${t('credential.use')}</button>`
    : html`<button type="button" class="primary" onClick=${() => close()}>${t('close')}</button>`}</footer>
  </form></${Dialog}>`;
}

function NewCredential({ at, close }) {
  const form = useForm({ username: '', password: '', description: '' });
  const save = async values => {
    const { id } = await call('credential/insertCredential', { ...at.tenant, ...values });
    say(t('credential.created', { name: values.username }));
    close(id);
  };
  return html`<${Dialog} title=${t('credential.new')} close=${close} busy=${form.busy}><form onSubmit=${form.submit(save)} autocomplete="off">
    <div class="body"><${Failure} error=${form.error} />
      <${Field} form=${form} name="username" label=${t('username')} hint=${t('credential.username.hint')} required maxlength="255" autocomplete="off" spellcheck=${false} />
      <${Field} form=${form} name="password" type="password" label=${t('password')} required autocomplete="new-password" />
      <${Field} form=${form} name="description" label=${t('description')} rows="2" maxlength="255" /></div>
    <footer><button type="button" disabled=${form.busy} onClick=${() => close()}>${t('cancel')}</button><button type="submit" class="primary" disabled=${form.busy}>${t('create')}</button></footer>
  </form></${Dialog}>`;
}

function One({ at, id }) {
  const state = useLoad(() => call('credential/getCredential', { id: Number(id), view: 'Full', ...at.tenant }), [id, at.root]);
  return html`<${Loaded} state=${state}>${c => (c?.status ? html`<${Credential} key=${c.id} credential=${c} at=${at} reload=${state.reload} />` : html`<${Missing} />`)}</${Loaded}>`;
}

function Credential({ credential: c, at, reload }) {
  const names = useNames(at);
  const mine = useMine([c], at);
  const form = useForm({ description: c.description ?? '', newPassword: '' }, { warn: true });
  const save = async values => {
    await change('credential/updateCredential', { id: c.id, ...at.tenant, _update: Object.fromEntries(form.changed.map(k => [k, values[k]])) });
    form.saved(values, { newPassword: '' });
    say(t('saved'));
    reload();
  };
  const verify = async () => {
    const { outcome } = await call('credential/verifyCredential', { id: c.id, ...at.tenant });
    say(t(`credential.outcome.${outcome}`));
    reload();
  };
  const remove = async () => {
    const run = () => change('credential/deleteCredential', { id: c.id, force: true, ...at.tenant });
    const text = t('credential.delete.text', { name: c.username, users: c.userIds.length, groups: c.userGroupIds.length });
    if (await confirmed({ title: t('credential.delete'), text, action: t('delete'), danger: true, run })) {
      say(t('credential.deleted', { name: c.username }));
      leave(`${at.root}/credentials`);
    }
  };
  return html`<${Page} title=${c.username} crumbs=${[...at.crumbs, [t('nav.credentials'), `${at.root}/credentials`]]} actions=${html`
      ${mine(c) && html`<button type="button" onClick=${() => ask(Use, { credential: c, at })}>${t('credential.use')}</button>`}
      ${may('credential/verifyCredential', at.tenant) && html`<button type="button" onClick=${form.submit(verify)} disabled=${form.busy}>${t('credential.verify')}</button>`}
      ${may('credential/deleteCredential', at.tenant) && html`<button type="button" class="danger" onClick=${remove}>${t('credential.delete')}</button>`}`}>
    <form class="cards" onSubmit=${form.submit(save)} autocomplete="off"><${Failure} error=${form.error} />
      <div class="columns">
        <${Card} title=${t('about')}><${Facts} list=${[
    [t('status'), status(c)], [t('credential.verified'), html`<${Time} at=${c.verifiedAt} />`], [t('credential.updated'), html`<${Time} at=${c.lastUpdated} />`],
    [t('token.by'), html`<${Text} text=${c.createdByUserId && (names.get(c.createdByUserId) ?? `#${c.createdByUserId}`)} />`],
  ]} /></${Card}>
        <${Card} title=${t('properties')}>
          <${Field} form=${form} name="description" label=${t('description')} rows="2" maxlength="255" />
          <${Field} form=${form} name="newPassword" type="password" label=${t('password.new')} hint=${t('credential.password.hint')} autocomplete="new-password" />
        </${Card}>
      </div>
      <${SaveBar} form=${form} />
    </form>
    <${Shares} credential=${c} names=${names} at=${at} reload=${reload} />
  </${Page}>`;
}

const users = { share: 'credential/shareCredentialWithUser', end: 'credential/unshareCredentialFromUser', param: 'userId' };
const groups = { share: 'credential/shareCredentialWithUserGroup', end: 'credential/unshareCredentialFromUserGroup', param: 'userGroupId' };

function Shares({ credential: c, names, at, reload }) {
  const allGroups = useList(may('userGroup/getUserGroups', at.tenant) ? 'userGroup/getUserGroups' : null, at.tenant);
  const groupNames = useMemo(() => new Map((allGroups.rows ?? []).map(g => [g.id, g.name])), [allGroups.rows]);
  const rows = useMemo(() => [
    ...c.userIds.map(id => ({ id, of: users, key: `u${id}`, name: names.get(id) ?? `#${id}`, kind: t('token.owner'), to: `${at.base}/${id}` })),
    ...c.userGroupIds.map(id => ({ id, of: groups, key: `g${id}`, name: groupNames.get(id) ?? `#${id}`, kind: t('usergroup'), to: `${at.root}/groups/${id}` })),
  ], [c, names, groupNames, language.get()]);
  const add = async (of, known, label) => {
    const taken = new Set(rows.filter(r => r.of === of).map(r => r.id));
    const options = [...known].filter(([id]) => !taken.has(id));
    await ask(Share, { credential: c, at, of, label, options });
    reload(); // with some it may be shared, whatever became of the others
  };
  const end = async row => {
    const run = () => change(row.of.end, { id: c.id, [row.of.param]: row.id, ...at.tenant });
    const text = t('credential.unshare.text', { name: row.name, credential: c.username });
    if (await confirmed({ title: t('credential.unshare'), text, action: t('credential.unshare.action'), danger: true, run })) reload();
  };
  const columns = [
    { key: 'name', title: t('name'), value: r => r.name, cell: r => html`<a href=${`#${r.to}`}><bdi>${r.name}</bdi></a>` },
    { key: 'kind', title: t('user.kind'), value: r => r.kind },
    { key: 'buttons', title: t('actions'), plain: true, value: () => '', cell: r => html`<button type="button" class="small" aria-label=${t('credential.unshare.of', { name: r.name })}
      onClick=${() => end(r)}>${t('credential.unshare.action')}</button>` },
  ];
  return html`<${Card} title=${t('credential.shares')} hint=${t('credential.shares.hint')}><${Table} name="shares" label=${t('credential.shares')} list=${{ rows, reload }} columns=${columns} rowKey=${r => r.key}
    empty=${t('credential.shares.empty')} actions=${html`<button type="button" disabled=${!names.size} onClick=${() => add(users, names, t('users'))}>${t('credential.share.user')}</button>
      ${may('userGroup/getUserGroups', at.tenant) && html`<button type="button" disabled=${!allGroups.rows} onClick=${() => add(groups, groupNames, t('nav.groups'))}>${t('credential.share.group')}</button>`}`} /></${Card}>`;
}

// Share lets several use a credential. They are told to the portal one by one; what was told before a refusal stays.
function Share({ credential, at, of, label, options, close }) {
  const form = useForm({ ids: [] });
  const save = async ({ ids }) => {
    for (const id of ids) await call(of.share, { id: credential.id, [of.param]: id, ...at.tenant });
    close(true);
  };
  return html`<${Dialog} title=${t('credential.share')} close=${close} busy=${form.busy}><form onSubmit=${form.submit(save)}>
    <div class="body"><${Failure} error=${form.error} /><${Checklist} form=${form} name="ids" label=${label} options=${options} empty=${t('credential.share.empty')} /></div>
    <footer><button type="button" disabled=${form.busy} onClick=${() => close()}>${t('cancel')}</button><button type="submit" class="primary" disabled=${form.busy || !form.values.ids.length}>${t('credential.share')}</button></footer>
  </form></${Dialog}>`;
}

const methods = ['insertCredential', 'updateCredential', 'verifyCredential', 'deleteCredential', 'useCredential'].map(m => `credential/${m}`);

export default part({
  key: 'credentials',
  group: 'access',
  asks: kind => [...methods, 'userGroup/getUserGroups', kinds[kind].list],
  reads: () => 'credential/getCredentials',
  views: { credentials: List, 'credentials/:id': One },
});
