// API tokens: the grid of them, making one, getting its text once, ending it.
import { html, useMemo, useLoad } from './ui.js';
import { t, language } from './i18n.js';
import { call, change } from './api.js';
import { caller, may } from './session.js';
import { kinds } from './kinds.js';
import { Table, useList } from './table.js';
import { useForm, Field, Submit } from './form.js';
import { ask, confirmed, Dialog } from './dialog.js';
import { Facts, Failure, Badge, Text, say } from './page.js';
import { Time, Distance, None, span, day, hour } from './format.js';
import { Limits, Limited, limitsOf, limitsText, noLimits } from './limits.js';
import { Once, overlaps, overlapOptions } from './secret.js';

const lifetimes = [hour, 12 * hour, day, 7 * day, 30 * day, 90 * day, 180 * day];

// upTo are the times that are offered where one is the longest.
const upTo = (times, longest) => [...times.filter(ms => ms < longest), longest];

const ownerOf = token => token.createdForOperatorUserId ?? token.createdForEnterpriseUserId;
const creatorOf = token => token.createdByOperatorUserId ?? token.createdByEnterpriseUserId;

// stateOf is a token's state, or what more there is to know of it: a token that a policy refuses is none, whatever its state says.
function stateOf({ state, againstPolicy, successorId }) {
  if (state === 'EXPIRED' && againstPolicy === 'IDLE') return 'IDLE';
  if (state !== 'PENDING' && state !== 'ENABLED') return state;
  return againstPolicy ? 'LACKING' : successorId ? 'ROTATED' : state;
}

const colours = { LACKING: 'locked', ROTATED: 'pending', IDLE: 'expired' };
const stateText = token => t(`token.${stateOf(token)}`);

const State = ({ token }) => html`<${Badge} kind=${colours[stateOf(token)] ?? token.state.toLowerCase()} text=${stateText(token)} />`;

// usePolicy is what is asked of the tokens of a tenant's users, as soon as it is known. What the portal does not say here it says when
// it refuses.
function usePolicy({ tenant }) {
  const state = useLoad(async () => (may('apiToken/getPolicy', tenant) ? call('apiToken/getPolicy', tenant) : {}), []);
  return state.data ?? {};
}

// Tokens is the grid: of one user, or of all in a tenant when user is not given.
export function Tokens({ where, user, exportName }) {
  const me = caller.use();
  const { kind, tenant } = where;
  const methods = kinds[kind];
  const list = useList(user ? methods.tokensOf : methods.tokens, user ? { id: user.id } : tenant);
  const names = useNames(where, !user);
  const own = user ? user.id === me.userId : false;
  const canCreate = may(methods.createToken, tenant) && (own || (me.isSuper === 1 && user));
  const mine = token => ownerOf(token) === me.userId;
  const lives = token => !['REVOKED', 'EXPIRED'].includes(stateOf(token)); // an idle one would live again without the policy
  const canRevoke = token => lives(token) && may(methods.revokeToken, tenant) && (mine(token) || me.isSuper === 1);
  const can = (method, token, state) => stateOf(token) === state && may(method, tenant) && mine(token);
  const add = async () => {
    if (await ask(NewToken, { where, user, list })) list.reload();
  };
  const asked = async (Body, props) => {
    await ask(Body, props);
    list.reload();
  };
  const download = token => asked(Download, { token, method: methods.downloadToken });
  const refresh = token => asked(Refresh, { token, method: methods.refreshToken });
  const rotate = token => asked(Rotate, { token, where });
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
    { key: 'state', title: t('state'), value: stateText, cell: r => html`<${State} token=${r} />` },
    !user && { key: 'owner', title: t('token.owner'), value: r => names.get(ownerOf(r)) ?? `#${ownerOf(r)}`, cell: r => html`<a href=${`#${where.base}/${ownerOf(r)}`}><bdi>${names.get(ownerOf(r)) ?? `#${ownerOf(r)}`}</bdi></a>` },
    { key: 'description', title: t('description'), value: r => r.description, hidden: true },
    { key: 'limits', title: t('limits'), value: r => limitsText(r.limits), cell: r => html`<${Limited} token=${r} />` },
    { key: 'createdBy', title: t('token.by'), hidden: !user, value: r => who(r, user, me, names), cell: r => html`<${Text} text=${who(r, user, me, names)} />` },
    { key: 'created', title: t('created'), value: r => r.created, cell: r => html`<${Time} at=${r.created} />`, hidden: true },
    { key: 'expiration', title: t('token.expires'), value: r => r.expiration, cell: r => html`<${Distance} at=${r.expiration} />` },
    { key: 'lastUsed', title: t('token.used'), value: r => r.lastUsed, cell: r => (r.lastUsed ? html`<${Distance} at=${r.lastUsed} />` : html`<${None} text=${t('never')} />`) },
    { key: 'lastUsedFrom', title: t('token.from'), value: r => r.lastUsedFrom, hidden: true },
    { key: 'downloaded', title: t('token.downloaded'), value: r => r.downloaded, cell: r => html`<${Time} at=${r.downloaded} />`, hidden: true },
    { key: 'tokenUuid', title: t('token.uuid'), value: r => r.tokenUuid, hidden: true },
    { key: 'buttons', title: t('actions'), plain: true, value: () => '', cell: r => html`
      ${can(methods.downloadToken, r, 'PENDING') && html`<button type="button" class="small primary" aria-label=${t('token.download.of', { name: r.name })} onClick=${() => download(r)}>${t('token.download.action')}</button>`}
      ${can('apiToken/rotate', r, 'ENABLED') && html`<button type="button" class="small" aria-label=${t('token.rotate.of', { name: r.name })} onClick=${() => rotate(r)}>${t('token.rotate.action')}</button>`}
      ${can(methods.refreshToken, r, 'ENABLED') && html`<button type="button" class="small" aria-label=${t('token.refresh.of', { name: r.name })} onClick=${() => refresh(r)}>${t('token.refresh.action')}</button>`}
      ${canRevoke(r) && html`<button type="button" class="small" aria-label=${t('token.revoke.of', { name: r.name })} onClick=${() => revoke(r)}>${t('token.revoke.action')}</button>`}` },
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

// NewToken takes nothing more once it is on its way: limits that are shown then would not be the token's.
function NewToken({ where, user, close }) {
  const me = caller.use();
  const policy = usePolicy(where);
  const options = upTo(lifetimes, policy.maxLifetimeMs ?? me.tokenLifetimeMs ?? 366 * day);
  const form = useForm({ name: '', description: '', lifetimeMs: options.findLast(ms => ms <= 90 * day) ?? options[0], ...noLimits });
  const methods = kinds[where.kind];
  const save = async values => {
    const { name, description, lifetimeMs } = values;
    const limits = await limitsOf(values, form);
    if (limits === null) return;
    await call(methods.createToken, { [methods.owner]: user.id, name: name.trim(), description, lifetimeMs, limits });
    say(t(user.id === me.userId ? 'token.created.own' : 'token.created', { name, user: user.username }));
    close(true);
  };
  return html`<${Dialog} title=${t('token.new')} close=${close} busy=${form.busy} wide><form onSubmit=${form.submit(save)}>
    <div class="body" inert=${form.busy}>
      <${Failure} error=${form.error} />
      <${Field} form=${form} name="name" label=${t('name')} required maxlength="128" autocomplete="off" />
      <${Field} form=${form} name="description" label=${t('description')} rows="2" maxlength="255" />
      <${Field} form=${form} name="lifetimeMs" label=${t('token.lifetime')} options=${options.map(ms => [ms, span(ms)])} />
      <${Limits} form=${form} where=${where} user=${user} require=${policy.require} />
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

// Rotate makes the successor of a token, and lets the old text live on for a while.
function Rotate({ token, where, close }) {
  const longest = usePolicy(where).maxOverlapMs ?? 30 * day;
  const get = values => call('apiToken/rotate', { id: token.id, ...values });
  return html`<${Once} title=${t('token.rotate')} name=${token.name} first=${{ overlapMs: Math.min(day, longest) }} get=${get} action=${t('token.rotate.action')} close=${close}
    body=${form => html`<p>${t('token.rotate.text')}</p><${Field} form=${form} name="overlapMs" label=${t('token.overlap')} options=${overlapOptions(upTo(overlaps, longest))} />`}
    told=${made => html`<${Facts} list=${[[t('token.overlap.until'), html`<${Time} at=${made.predecessorExpiration} />`]]} />`} />`;
}
