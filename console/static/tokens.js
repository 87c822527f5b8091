// API tokens: the grid of them, making one, getting its text once, ending it.
import { html, useMemo } from './ui.js';
import { t, language } from './i18n.js';
import { call, change } from './api.js';
import { caller, may } from './session.js';
import { kinds } from './kinds.js';
import { Table, useList } from './table.js';
import { useForm, Field, Submit } from './form.js';
import { ask, confirmed, Dialog } from './dialog.js';
import { Failure, Badge, Text, say } from './page.js';
import { Time, Distance, None, span, day, hour } from './format.js';
import { Once } from './secret.js';

const lifetimes = [hour, 12 * hour, day, 7 * day, 30 * day, 90 * day, 180 * day];

// upTo are the times that are offered where one is the longest.
const upTo = (times, longest) => [...times.filter(ms => ms < longest), longest];

const ownerOf = token => token.createdForOperatorUserId ?? token.createdForEnterpriseUserId;
const creatorOf = token => token.createdByOperatorUserId ?? token.createdByEnterpriseUserId;

export const State = ({ token }) => html`<${Badge} kind=${token.state.toLowerCase()} text=${t(`token.${token.state}`)} />`;

// Tokens is the grid: of one user, or of all in a tenant when user is not given.
export function Tokens({ where, user, exportName }) {
  const me = caller.use();
  const { kind, tenant } = where;
  const methods = kinds[kind];
  const list = useList(user ? methods.tokensOf : methods.tokens, user ? { id: user.id } : tenant);
  const names = useNames(where, !user);
  const own = user ? user.id === me.userId : false;
  const canCreate = may(methods.createToken, tenant) && (own || (me.isSuper === 1 && user));
  const canRevoke = token => may(methods.revokeToken, tenant) && (ownerOf(token) === me.userId || me.isSuper === 1);
  const canRefresh = token => may(methods.refreshToken, tenant) && ownerOf(token) === me.userId;
  const canDownload = token => may(methods.downloadToken, tenant) && ownerOf(token) === me.userId;
  const add = async () => {
    if (await ask(NewToken, { where, user, list })) list.reload();
  };
  const download = async token => {
    await ask(Download, { token, method: methods.downloadToken });
    list.reload();
  };
  const refresh = async token => {
    await ask(Refresh, { token, method: methods.refreshToken });
    list.reload();
  };
  const revoke = async token => {
    const done = await confirmed({
      title: t('token.revoke'), text: t('token.revoke.text', { name: token.name }), action: t('token.revoke.action'), danger: true,
      run: () => change(methods.revokeToken, { id: token.id }),
    });
    if (done) say(t('token.revoked', { name: token.name }));
    list.reload();
  };
  const columns = useMemo(() => [
    { key: 'name', title: t('name'), value: r => r.name },
    { key: 'state', title: t('state'), value: r => t(`token.${r.state}`), cell: r => html`<${State} token=${r} />` },
    !user && { key: 'owner', title: t('token.owner'), value: r => names.get(ownerOf(r)) ?? `#${ownerOf(r)}`, cell: r => html`<a href=${`#${where.base}/${ownerOf(r)}`}><bdi>${names.get(ownerOf(r)) ?? `#${ownerOf(r)}`}</bdi></a>` },
    { key: 'description', title: t('description'), value: r => r.description, hidden: true },
    { key: 'createdBy', title: t('token.by'), hidden: !user, value: r => who(r, user, me, names), cell: r => html`<${Text} text=${who(r, user, me, names)} />` },
    { key: 'created', title: t('created'), value: r => r.created, cell: r => html`<${Time} at=${r.created} />`, hidden: true },
    { key: 'expiration', title: t('token.expires'), value: r => r.expiration, cell: r => html`<${Distance} at=${r.expiration} />` },
    { key: 'lastUsed', title: t('token.used'), value: r => r.lastUsed, cell: r => (r.lastUsed ? html`<${Distance} at=${r.lastUsed} />` : html`<${None} text=${t('never')} />`) },
    { key: 'lastUsedFrom', title: t('token.from'), value: r => r.lastUsedFrom, hidden: true },
    { key: 'downloaded', title: t('token.downloaded'), value: r => r.downloaded, cell: r => html`<${Time} at=${r.downloaded} />`, hidden: true },
    { key: 'tokenUuid', title: t('token.uuid'), value: r => r.tokenUuid, hidden: true },
    { key: 'buttons', title: t('actions'), plain: true, value: () => '', cell: r => html`
      ${r.state === 'PENDING' && canDownload(r) && html`<button type="button" class="small primary" aria-label=${t('token.download.of', { name: r.name })} onClick=${() => download(r)}>${t('token.download.action')}</button>`}
      ${r.state === 'ENABLED' && canRefresh(r) && html`<button type="button" class="small" aria-label=${t('token.refresh.of', { name: r.name })} onClick=${() => refresh(r)}>${t('token.refresh.action')}</button>`}
      ${(r.state === 'PENDING' || r.state === 'ENABLED') && canRevoke(r) && html`<button type="button" class="small" aria-label=${t('token.revoke.of', { name: r.name })} onClick=${() => revoke(r)}>${t('token.revoke.action')}</button>`}` },
  ].filter(Boolean), [user?.id, names, me, language.get()]);
  return html`<${Table} name="tokens" label=${t('tokens')} list=${list} columns=${columns} first=${{ key: 'created', down: true }} empty=${t('tokens.empty')}
    exportName=${exportName ?? 'api-tokens'} actions=${canCreate && html`<button type="button" class="primary" onClick=${add}>${t('token.new')}</button>`} />`;
}

// who made a token, as far as that is known here: users of other kinds have numbers only.
function who(token, user, me, names) {
  const id = creatorOf(token);
  if (id === me.userId) return me.username;
  if (id === user?.id) return user.username;
  return names.get(id) ?? `#${id}`;
}

// useNames are the usernames of the users of a tenant, by number.
export function useNames(where, wanted = true) {
  const methods = kinds[where.kind];
  const can = wanted && may(methods.list, where.tenant);
  const list = useList(can ? methods.list : null, where.tenant);
  return useMemo(() => new Map((list.rows ?? []).map(u => [u.id, u.username])), [list.rows]);
}

function NewToken({ where, user, close }) {
  const me = caller.use();
  const options = upTo(lifetimes, me.tokenLifetimeMs ?? 366 * day);
  const form = useForm({ name: '', description: '', lifetimeMs: options.findLast(ms => ms <= 90 * day) ?? options[0] });
  const methods = kinds[where.kind];
  const save = async values => {
    await call(methods.createToken, { [methods.owner]: user.id, ...values, name: values.name.trim() });
    say(t(user.id === me.userId ? 'token.created.own' : 'token.created', { name: values.name, user: user.username }));
    close(true);
  };
  return html`<${Dialog} title=${t('token.new')} close=${close} busy=${form.busy}><form onSubmit=${form.submit(save)}>
    <div class="body">
      <${Failure} error=${form.error} />
      <${Field} form=${form} name="name" label=${t('name')} required maxlength="128" autocomplete="off" />
      <${Field} form=${form} name="description" label=${t('description')} rows="2" maxlength="255" />
      <${Field} form=${form} name="lifetimeMs" label=${t('token.lifetime')} options=${options.map(ms => [ms, span(ms)])} />
      <p class="hint">${t(user.id === me.userId ? 'token.new.hint' : 'token.new.hint.other', { name: user.username })}</p>
    </div>
    <${Submit} form=${form} close=${close} text=${t('create')} />
  </form></${Dialog}>`;
}

// Download makes the text of a token, which is enabled from then on.
function Download({ token, method, close }) {
  const get = () => call(method, { id: token.id });
  return html`<${Once} title=${t('token.download')} name=${token.name} get=${get} action=${t('token.download.action')} close=${close}
    body=${() => html`<p>${t('token.download.text')}</p>`} />`;
}

// numberOf is the token ID in the text of a token, which is a JWT.
function numberOf(text) {
  try {
    return JSON.parse(atob(text.split('.')[1].replaceAll('-', '+').replaceAll('_', '/'))).jti;
  } catch {
    return null;
  }
}

// Refresh gives a token a new text and its whole life anew: who has its text shows it.
function Refresh({ token, method, close }) {
  const get = async ({ apiToken }, form) => {
    const present = apiToken.trim();
    if (numberOf(present) !== token.tokenUuid) return form.refuse(t('token.refresh.other', { name: token.name }), 'apiToken');
    return call(method, { apiToken: present });
  };
  return html`<${Once} title=${t('token.refresh')} name=${token.name} first=${{ apiToken: '' }} get=${get} action=${t('token.refresh.action')} close=${close}
    body=${form => html`<p>${t('token.refresh.text')}</p><${Field} form=${form} name="apiToken" label=${t('secret.token')} rows="6" required spellcheck=${false} />`} />`;
}
