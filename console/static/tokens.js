// API tokens: the grid of them, making one, downloading it once, ending it.
import { html, useState, useMemo, useEffect, useRef } from './ui.js';
import { t, language } from './i18n.js';
import { call, change } from './api.js';
import { caller, may } from './session.js';
import { kinds } from './kinds.js';
import { Table, useList } from './table.js';
import { useForm, Field, Submit } from './form.js';
import { ask, confirmed, Dialog } from './dialog.js';
import { Failure, Badge, Note, Text, say } from './page.js';
import { Time, Distance, None } from './format.js';
import { saveAs } from './csv.js';

const day = 86400000;
const lifetimes = [['hours', 1], ['hours', 12], ['days', 1], ['days', 7], ['days', 30], ['days', 90], ['days', 180], ['days', 366]]
  .map(([unit, n]) => [n * (unit === 'days' ? day : day / 24), unit, n]);

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
  const longest = me.tokenLifetimeMs ?? 366 * day;
  const options = lifetimes.filter(([ms]) => ms <= longest);
  if (!options.some(([ms]) => ms === longest)) options.push([longest, 'days', Math.floor(longest / day)]);
  const form = useForm({ name: '', description: '', lifetimeMs: (options.findLast(([ms]) => ms <= 90 * day) ?? options[0])[0] });
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
      <${Field} form=${form} name="lifetimeMs" label=${t('token.lifetime')} options=${options.map(([ms, unit, n]) => [ms, t(`token.${unit}`, { count: n, n })])} />
      <p class="hint">${t(user.id === me.userId ? 'token.new.hint' : 'token.new.hint.other', { name: user.username })}</p>
    </div>
    <${Submit} form=${form} close=${close} text=${t('create')} />
  </form></${Dialog}>`;
}

// Download makes the text of a token and shows it, this once. Until then the dialog can be left; after that only by saying so.
function Download({ token, method, close }) {
  const [text, setText] = useState(null);
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const get = async () => {
    setBusy(true);
    setError(null);
    try {
      setText((await call(method, { id: token.id })).token);
    } catch (e) {
      setError(e);
    }
    setBusy(false);
  };
  return html`<${Dialog} title=${t('token.download')} close=${close} busy=${busy} fixed=${text !== null} wide>
    <div class="body">
      <p><strong><bdi>${token.name}</bdi></strong></p>
      ${text === null ? html`<p>${t('token.download.text')}</p><${Failure} error=${error} />` : html`<${Secret} text=${text} file=${`${fileName(token.name)}.token`} />`}
    </div>
    <footer>
      ${text === null
    ? html`<button type="button" disabled=${busy} onClick=${() => close()}>${t('cancel')}</button><button type="button" data-first class="primary" disabled=${busy} onClick=${get}>${t('token.download.action')}</button>`
    : html`<button type="button" class="primary" onClick=${() => close(true)}>${t('secret.done')}</button>`}
    </footer>
  </${Dialog}>`;
}

// numberOf is the token ID in the text of a token, which is a JWT.
function numberOf(text) {
  try {
    return JSON.parse(atob(text.split('.')[1].replaceAll('-', '+').replaceAll('_', '/'))).jti;
  } catch {
    return null;
  }
}

// Refresh gives a token a new text and its whole life anew: who has its text shows it, and is shown the new one, once.
function Refresh({ token, method, close }) {
  const [text, setText] = useState(null);
  const form = useForm({ apiToken: '' });
  const get = async ({ apiToken }) => {
    const present = apiToken.trim();
    if (numberOf(present) !== token.tokenUuid) return form.refuse(t('token.refresh.other', { name: token.name }), 'apiToken');
    return setText((await call(method, { apiToken: present })).token);
  };
  return html`<${Dialog} title=${t('token.refresh')} close=${close} busy=${form.busy} fixed=${text !== null} wide><form onSubmit=${form.submit(get)} autocomplete="off">
    <div class="body">
      <p><strong><bdi>${token.name}</bdi></strong></p>
      ${text === null ? html`<p>${t('token.refresh.text')}</p><${Failure} error=${form.error} />
        <${Field} form=${form} name="apiToken" label=${t('secret.token')} rows="6" required spellcheck=${false} />`
    : html`<${Secret} text=${text} file=${`${fileName(token.name)}.token`} />`}
    </div>
    ${text === null ? html`<${Submit} form=${form} close=${close} text=${t('token.refresh.action')} />`
    : html`<footer><button type="button" class="primary" onClick=${() => close(true)}>${t('secret.done')}</button></footer>`}
  </form></${Dialog}>`;
}

export const fileName = name => name.replace(/[^\p{L}\p{N}._-]+/gu, '_').slice(0, 60) || 'api';

// Secret shows what is shown once: to copy, to save, and with a word of warning, or with another note.
export function Secret({ text, file, label, rows = 8, note }) {
  const [copied, setCopied] = useState('');
  const ref = useRef();
  useEffect(() => {
    const stay = event => event.preventDefault(); // a reload would lose it for good
    ref.current?.focus();
    addEventListener('beforeunload', stay);
    return () => removeEventListener('beforeunload', stay);
  }, []);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(t('secret.copied'));
    } catch {
      ref.current.select(); // no clipboard without TLS: the keyboard has one
      setCopied(t('secret.select'));
    }
  };
  return html`<div class="secret">
    <${Note} kind="warn"><p>${note ?? html`<strong>${t('secret.once')}</strong> ${t('secret.once.text')}`}</p></${Note}>
    <textarea ref=${ref} readonly rows=${rows} spellcheck=${false} aria-label=${label ?? t('secret.token')} onFocus=${e => e.target.select()}>${text}</textarea>
    <div class="row"><button type="button" onClick=${copy}>${t('secret.copy')}</button>
      <button type="button" onClick=${() => saveAs(file, `${text}\n`)}>${t('secret.save')}</button><span role="status">${copied}</span></div>
  </div>`;
}
