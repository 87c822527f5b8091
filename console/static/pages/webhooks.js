// Webhooks: where an organisation is told of its events, and what became of the telling.
import { html, useEffect, useMemo, useRef, useState, useLoad } from '../ui.js';
import { t, language } from '../i18n.js';
import { batch, call, change, isPassing } from '../api.js';
import { may } from '../session.js';
import { part } from '../part.js';
import { Table, asList, useList } from '../table.js';
import { useForm, Field, Check, Choice, SaveBar, Submit } from '../form.js';
import { Checklist, lines } from '../choose.js';
import { ask, confirmed, Dialog } from '../dialog.js';
import { Page, Card, Facts, Failure, Loaded, Missing, Note, Badge, Text, Words, say } from '../page.js';
import { Time, Distance, None, count } from '../format.js';
import { go, leave } from '../router.js';
import { showOnce } from '../secret.js';

// What a webhook tells of where nobody says which, and what else is proposed. Any other event is named by hand.
const usual = ['API_TOKEN_EXPIRING', 'API_TOKEN_REFUSED', 'SUPERUSER_ADDED', 'USER_LOCKOUT'];
const known = [...usual,
  'ACCESS_TOKEN_REFUSED', 'API_TOKEN_POLICY_UPDATED', 'AUTHENTICATION_MODE_UPDATED', 'CREATE_API_TOKEN', 'CREATE_ENTERPRISE', 'CREATE_USER', 'DELETE_ENTERPRISE', 'DELETE_USER',
  'DISABLE_SECOND_FACTOR', 'DOWNLOAD_API_TOKEN', 'ENABLE_SECOND_FACTOR', 'ENTERPRISE_DISABLE_OPERATOR_ACCESS', 'ENTERPRISE_ENABLE_OPERATOR_ACCESS', 'LOGINS_SLOWED_DOWN', 'OPERATOR_LOGIN',
  'OPERATOR_LOGIN_FAILURE', 'PASSWORD_RESET', 'RATE_LIMIT_EXCEEDED', 'RESET_SECOND_FACTOR', 'REVOKE_API_TOKEN', 'REVOKE_API_TOKENS', 'ROTATE_API_TOKEN', 'UPDATE_COMPOSITE_ROLE',
  'UPDATE_ENTERPRISE_PROPERTY', 'UPDATE_ROLE_CUSTOMIZATION', 'UPDATE_SYSTEM_PROPERTY', 'UPDATE_USER', 'UPDATE_USER_REFUSED', 'UPDATE_WEBHOOK', 'USER_LOGIN', 'USER_LOGIN_FAILURE', 'WEBHOOK_DISABLED'];
const every = '*';

const isUsual = events => events.length === usual.length && usual.every(e => events.includes(e));
const whichOf = events => (events.includes(every) ? 'all' : isUsual(events) ? 'usual' : 'named');
const eventsText = ({ events }) => (whichOf(events) === 'named' ? events.join(', ') : t(`webhook.events.${whichOf(events)}`));

// ledText says whose user from above has said where a webhook leads, if one has.
const ledText = w => w.ledByUserType && t(`webhook.led.${w.ledByUserType}`);

const isMail = w => w.channel === 'MAIL';
const target = w => (isMail(w) ? w.recipients.join(', ') : w.url);

// stateOf is a webhook's state: the portal itself disables one that is gone, or has failed for days.
const stateOf = w => (!w.enabled ? w.disabledReason ?? 'OFF' : w.failingSince ? 'TROUBLED' : 'ON');
const colours = { ON: 'enabled', TROUBLED: 'pending', GONE: 'locked', FAILING: 'locked' };
const State = ({ of }) => html`<${Badge} kind=${colours[stateOf(of)] ?? ''} text=${t(`webhook.${stateOf(of)}`)} />`;

const ends = { DELIVERED: 'enabled', PENDING: 'pending', DEAD: 'locked' };
const Delivered = ({ d }) => html`<${Badge} kind=${ends[d.state]} text=${t(`delivery.${d.state}`)} />`;

// load reads the webhooks of an organisation, of which there are few, each with its last delivery.
async function load(at) {
  const list = await call('webhook/getWebhooks', at.tenant);
  const last = await batch(list.map(w => ['webhook/getDeliveries', { webhookId: w.id, limit: 1, ...at.tenant }]));
  const unknown = last.find(({ error }) => error && isPassing(error)); // nothing is known, which is not never
  if (unknown) throw unknown.error;
  return list.map((w, i) => ({ ...w, last: last[i].result?.data[0] }));
}

function List({ at }) {
  const list = asList(useLoad(() => load(at), [at.root]));
  const columns = useMemo(() => [
    { key: 'name', title: t('name'), value: r => r.name, cell: r => html`<a href=${`#${at.root}/webhooks/${r.id}`}><bdi>${r.name}</bdi></a>` },
    { key: 'state', title: t('state'), value: r => t(`webhook.${stateOf(r)}`), cell: r => html`<${State} of=${r} />` },
    { key: 'target', title: t('webhook.target'), value: target },
    list.rows?.some(ledText) && { key: 'led', title: t('webhook.led'), value: ledText },
    { key: 'events', title: t('nav.events'), value: eventsText },
    { key: 'last', title: t('webhook.last'), value: r => r.last?.modified, cell: r => (r.last ? html`<span><${Delivered} d=${r.last} /> <${Distance} at=${r.last.modified} /></span>` : html`<${None} text=${t('never')} />`) },
    { key: 'waiting', title: t('delivery.PENDING'), value: r => r.waiting, hidden: true },
    { key: 'created', title: t('created'), value: r => r.created, cell: r => html`<${Time} at=${r.created} />`, hidden: true },
  ].filter(Boolean), [at.root, language.get(), list.rows]);
  const add = async () => {
    const made = await ask(NewWebhook, { at });
    if (!made) return list.reload(); // it may be there, and its answer lost
    if (made.secret) await showKey(made.name, made.secret);
    return go(`${at.root}/webhooks/${made.id}`);
  };
  return html`<${Page} title=${t('nav.webhooks')} crumbs=${at.crumbs}><${Card} hint=${t('webhook.hint')}>
    <${Table} name="webhooks" label=${t('nav.webhooks')} list=${list} columns=${columns} empty=${t('webhook.empty')}
      actions=${may('webhook/insertWebhook', at.tenant) && html`<button type="button" class="primary" onClick=${add}>${t('webhook.new')}</button>`} />
  </${Card}></${Page}>`;
}

const showKey = (name, text) => showOnce({ title: t('webhook.secret'), facts: [[t('nav.webhooks'), html`<bdi>${name}</bdi>`], [t('webhook.signs'), t('webhook.signs.text')]], text, name });

// Where is the field of a webhook's target.
const Where = ({ form, mail }) => (mail
  ? html`<${Field} form=${form} name="recipients" label=${t('webhook.recipients')} hint=${t('webhook.recipients.hint')} rows="3" required spellcheck=${false} />`
  : html`<${Field} form=${form} name="url" type="url" label=${t('webhook.url')} hint=${t('webhook.url.hint')} required maxlength="2048" autocomplete="off" spellcheck=${false} />`);

// Events are the fields about what a webhook tells.
function Events({ form, at }) {
  const { which } = form.values;
  return html`<${Choice} name="which" legend=${t('nav.events')} value=${which} choose=${w => form.set('which', w)} options=${['usual', 'all', 'named'].map(w => [w, t(`webhook.events.${w}`)])}
      hint=${which === 'usual' ? t('webhook.usual') : null} />
    ${which === 'named' && html`<${Checklist} form=${form} name="events" label=${t('webhook.which')} options=${known.map(e => [e, e])} />
      <${Field} form=${form} name="others" label=${t('webhook.others')} hint=${t('webhook.others.hint')} rows="2" spellcheck=${false} />`}
    ${at.kind !== 'ENTERPRISE' && html`<${Check} form=${form} name="includeBelow" label=${t('webhook.below')} hint=${t('webhook.below.hint')} />`}`;
}

// eventsOf are the events in a call, as they were chosen, and fieldsOf the fields of a webhook as it is.
const eventsOf = ({ which, events, others }) => ({ usual, all: [every], named: [...new Set([...events, ...lines(others.toUpperCase())])] }[which]);
const fieldsOf = w => ({
  name: w.name ?? '', url: w.url ?? '', recipients: (w.recipients ?? []).join('\n'), includeBelow: w.includeBelow ?? false,
  which: whichOf(w.events), events: known.filter(e => w.events.includes(e)), others: w.events.filter(e => e !== every && !known.includes(e)).join('\n'),
});

const nothing = fieldsOf({ events: usual });

function NewWebhook({ at, close }) {
  const form = useForm({ ...nothing, channel: 'WEBHOOK' });
  const mail = isMail(form.values);
  const save = async values => {
    const { name, channel, url, includeBelow } = values;
    if (!eventsOf(values).length) return form.refuse(t('refused.some'), 'events'); // the portal would take the usual ones
    const made = await call('webhook/insertWebhook', {
      ...at.tenant, name: name.trim(), channel, events: eventsOf(values), includeBelow, ...(mail ? { recipients: lines(values.recipients) } : { url: url.trim() }),
    });
    return close({ ...made, name: name.trim() });
  };
  return html`<${Dialog} title=${t('webhook.new')} close=${close} busy=${form.busy} wide><form onSubmit=${form.submit(save)}>
    <div class="body"><${Failure} error=${form.error} />
      <${Field} form=${form} name="name" label=${t('name')} required maxlength="255" autocomplete="off" />
      <${Choice} name="channel" legend=${t('webhook.channel')} value=${form.values.channel} choose=${c => form.set('channel', c)} options=${['WEBHOOK', 'MAIL'].map(c => [c, t(`webhook.channel.${c}`)])} />
      <${Where} form=${form} mail=${mail} />
      <${Events} form=${form} at=${at} /></div>
    <${Submit} form=${form} close=${close} text=${t('create')} />
  </form></${Dialog}>`;
}

// merged is a list as it is now, with what has been added to it and taken from it since it was shown.
const merged = (shown, wanted, now) => [...now.filter(x => !shown.includes(x) || wanted.includes(x)), ...wanted.filter(x => !shown.includes(x) && !now.includes(x))];

const read = async (at, id) => (await call('webhook/getWebhooks', at.tenant)).find(w => w.id === Number(id)) ?? null;

function One({ at, id }) {
  const state = useLoad(() => read(at, id), [id, at.root]);
  return html`<${Loaded} state=${state}>${w => (w ? html`<${Webhook} key=${w.id} webhook=${w} at=${at} reload=${state.reload} />` : html`<${Missing} />`)}</${Loaded}>`;
}

function Webhook({ webhook: w, at, reload }) {
  const mayChange = may('webhook/updateWebhook', at.tenant);
  const form = useForm({ ...fieldsOf(w), enabled: w.enabled }, { warn: true });
  const [state, setState] = useState('');
  const list = useList('webhook/getDeliveries', { webhookId: w.id, ...(state && { state }), ...at.tenant }, { most: 500 });
  const later = useLater(() => {
    list.reload();
    reload();
  });
  const params = { id: w.id, ...at.tenant };
  const save = async values => {
    const update = Object.fromEntries(['name', 'url', 'includeBelow', 'enabled'].filter(k => form.changed.includes(k)).map(k => [k, values[k]]));
    const changed = (...fields) => fields.some(k => form.changed.includes(k));
    const now = changed('recipients', 'which', 'events', 'others') && await read(at, w.id); // lists are sent as a whole
    if (changed('recipients')) update.recipients = merged(w.recipients, lines(values.recipients), now?.recipients ?? []);
    if (changed('which', 'events', 'others')) update.events = eventsOf(values);
    if (update.events && String(now?.events) !== String(w.events)) {
      await reload();
      return form.refuse(t('webhook.meanwhile'));
    }
    await change('webhook/updateWebhook', { ...params, _update: update });
    form.saved(values);
    say(t('saved'));
    return reload();
  };
  const test = async () => {
    if (form.changed.some(k => k === 'url' || k === 'recipients')) return form.refuse(t('webhook.test.unsaved'));
    await change('webhook/sendTestEvent', params);
    say(t('webhook.tested'));
    return later();
  };
  const redeliver = async d => {
    const run = () => change('webhook/redeliver', { webhookId: w.id, id: d.id, ...at.tenant });
    if (await confirmed({ title: t('delivery.again'), text: t('delivery.again.text', { event: d.event, target: target(w) }), action: t('delivery.again.action'), run })) later();
  };
  return html`<${Page} title=${w.name} crumbs=${[...at.crumbs, [t('nav.webhooks'), `${at.root}/webhooks`]]} actions=${html`
      ${w.enabled && may('webhook/sendTestEvent', at.tenant) && html`<button type="button" onClick=${form.submit(test)} disabled=${form.busy}>${t('webhook.test')}</button>`}
      <${Actions} webhook=${w} at=${at} params=${params} reload=${reload} />`}>
    ${w.disabledReason && html`<${Note} kind="bad"><p>${t(`webhook.${w.disabledReason}.text`)}</p></${Note}>`}
    <form class="cards" onSubmit=${form.submit(save)}><${Failure} error=${form.error} />
      <div class="columns">
        <${Card} title=${t('about')}><${Facts} list=${factsOf(w)} />
          ${mayChange && html`<${Check} form=${form} name="enabled" label=${t('webhook.ON')} hint=${t('webhook.on.hint')} />`}</${Card}>
        <${Card} title=${t('properties')}>${mayChange ? html`<${Field} form=${form} name="name" label=${t('name')} required maxlength="255" autocomplete="off" /><${Where} form=${form} mail=${isMail(w)} />`
    : html`<${Facts} list=${[[t('webhook.target'), html`<${Text} text=${target(w)} />`], [t('nav.events'), eventsText(w)]]} />`}</${Card}>
      </div>
      ${mayChange && html`<${Card} title=${t('webhook.about')} hint=${t('webhook.about.hint')}><${Events} form=${form} at=${at} /></${Card}><${SaveBar} form=${form} />`}
    </form>
    <${Deliveries} list=${list} state=${state} setState=${setState} again=${w.enabled && may('webhook/redeliver', at.tenant) && redeliver} />
  </${Page}>`;
}

const factsOf = w => [
  [t('status'), html`<${State} of=${w} />`], [t('webhook.channel'), t(`webhook.channel.${w.channel}`)],
  ...(w.ledByUserType ? [[t('webhook.led'), ledText(w)]] : []),
  ...(w.failingSince ? [[t('webhook.failingSince'), html`<${Distance} at=${w.failingSince} />`]] : []),
  [t('webhook.waiting'), count(w.waiting)],
  ...(new Date(w.earlierSecretUntil) > Date.now() ? [[t('webhook.earlier'), html`<${Time} at=${w.earlierSecretUntil} />`]] : []),
  [t('created'), html`<${Time} at=${w.created} />`],
];

// useLater has what was just sent looked at again soon: the portal delivers behind the call.
function useLater(look) {
  const timers = useRef([]);
  const latest = useRef();
  latest.current = look;
  const stop = () => timers.current.forEach(clearTimeout);
  useEffect(() => stop, []);
  return () => {
    look();
    stop();
    timers.current = [600, 2000, 5000, 10000].map(ms => setTimeout(() => latest.current(), ms));
  };
}

function Actions({ webhook: w, at, params, reload }) {
  const rotate = async () => {
    let made;
    const run = async () => { made = await call('webhook/rotateWebhookSecret', params); };
    if (!(await confirmed({ title: t('client.rotate'), text: t('webhook.rotate.text'), action: t('client.rotate'), run }))) return reload(); // it may be another, and its answer lost
    await showKey(w.name, made.secret);
    return reload();
  };
  const remove = async () => {
    const run = () => change('webhook/deleteWebhook', params);
    if (!(await confirmed({ title: t('webhook.delete'), text: t('webhook.delete.text', { name: w.name }), action: t('delete'), danger: true, run }))) return;
    say(t('webhook.deleted', { name: w.name }));
    leave(`${at.root}/webhooks`);
  };
  return html`
    ${!isMail(w) && may('webhook/rotateWebhookSecret', at.tenant) && html`<button type="button" onClick=${rotate}>${t('client.rotate')}</button>`}
    ${may('webhook/deleteWebhook', at.tenant) && html`<button type="button" class="danger" onClick=${remove}>${t('webhook.delete')}</button>`}`;
}

const states = ['', 'PENDING', 'DELIVERED', 'DEAD'];

function Deliveries({ list, state, setState, again }) {
  const columns = [
    { key: 'created', title: t('event.time'), value: r => r.created, cell: r => html`<${Time} at=${r.created} />` },
    { key: 'event', title: t('event'), value: r => r.event, cell: r => html`<code>${r.event}</code>` },
    { key: 'state', title: t('state'), value: r => t(`delivery.${r.state}`), cell: r => html`<${Delivered} d=${r} />` },
    { key: 'tries', title: t('delivery.tries'), value: r => r.tries, hidden: true },
    { key: 'lastError', title: t('delivery.error'), value: r => r.lastError, cell: r => (r.lastError ? html`<${Words} error=${{}} text=${r.lastError} />` : html`<${None} />`) },
    { key: 'nextTry', title: t('delivery.next'), value: r => r.nextTry, cell: r => html`<${Distance} at=${r.nextTry} />` },
    { key: 'status', title: t('delivery.status'), value: r => r.status, hidden: true },
    { key: 'modified', title: t('property.modified'), value: r => r.modified, cell: r => html`<${Time} at=${r.modified} />`, hidden: true },
    again && { key: 'buttons', title: t('actions'), plain: true, value: () => '', cell: r => html`<button type="button" class="small" aria-label=${t('delivery.again.of', { name: `${r.event} ${r.eventId}` })}
      onClick=${() => again(r)}>${t('delivery.again.action')}</button>` },
  ].filter(Boolean);
  return html`<${Card} title=${t('deliveries')} hint=${t('deliveries.hint')}>
    <${Choice} name="state" legend=${t('state')} value=${state} choose=${setState} options=${states.map(s => [s, t(s ? `delivery.${s}` : 'all')])} />
    <${Table} name="deliveries" label=${t('deliveries')} list=${list} columns=${columns} first=${{ key: 'created', down: true }} empty=${t('deliveries.empty')} /></${Card}>`;
}

const methods = ['insertWebhook', 'updateWebhook', 'deleteWebhook', 'rotateWebhookSecret', 'sendTestEvent', 'redeliver'].map(m => `webhook/${m}`);

export default part({
  key: 'webhooks',
  group: 'system',
  asks: () => methods,
  reads: () => 'webhook/getWebhooks',
  views: { webhooks: List, 'webhooks/:id': One },
});
