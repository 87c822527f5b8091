// Events: what has happened in an organisation, newest first.
import { html, useMemo, useState } from '../ui.js';
import { t, has, language } from '../i18n.js';
import { part } from '../part.js';
import { Table, useList } from '../table.js';
import { useForm, Field } from '../form.js';
import { ask, Dialog } from '../dialog.js';
import { Page, Badge, Facts, Text } from '../page.js';
import { Time, local, utc } from '../format.js';

const methods = { OPERATOR: 'event/getOperatorEvents', MSP: 'event/getProxyEvents', ENTERPRISE: 'event/getEnterpriseEvents' };
const severities = ['EMERGENCY', 'ALERT', 'CRITICAL', 'ERROR', 'WARNING', 'NOTICE', 'INFO', 'DEBUG'];
const colours = { EMERGENCY: 'locked', ALERT: 'locked', CRITICAL: 'locked', ERROR: 'locked', WARNING: 'pending' };
const hour = 3600000;
const spans = [1, 12, 24, 168, 720, 8784];
const READ = 500;
const LAST = '9999-12-31T23:59'; // of a later year the portal and the browser think differently

const actor = e => e.operatorUsername ?? e.enterpriseUsername ?? e.proxyUsername;
const severity = e => (has(`event.${e.severity}`) ? t(`event.${e.severity}`) : e.severity);

const none = { hours: 12, from: '', to: '', severity: '', event: '', user: '', message: '' };

// query are the params of a filter. It is made once when the filter is applied, so that reading on stays within its times.
function query(f) {
  const rules = [];
  const rule = (field, op, value) => value.trim() && rules.push({ field, op, values: [value.trim()] });
  rule('severity', 'greaterOrEquals', f.severity);
  for (const field of ['event', 'user', 'message']) rule(field, 'contains', field === 'event' ? f[field].replaceAll(' ', '_').toUpperCase() : f[field]);
  const at = local => (local ? new Date(local).toISOString() : undefined);
  const interval = f.hours ? { start: new Date(Date.now() - f.hours * hour).toISOString() } : { start: at(f.from), end: at(f.to) };
  return { interval, filter: { rules } };
}

function Events({ at }) {
  const form = useForm(none);
  const [params, setParams] = useState(() => query(none));
  const read = useList(methods[at.kind], { ...at.tenant, ...params }, { most: READ });
  const show = () => {
    const next = query(form.values);
    if (JSON.stringify(next) === JSON.stringify(params)) read.reload();
    setParams(next);
  };
  const list = { ...read, reload: show };
  const apply = event => {
    event.preventDefault();
    show();
  };
  const clear = () => {
    form.reset(none);
    setParams(query(none));
  };
  const columns = useMemo(() => [
    { key: 'eventTime', title: t('event.time'), value: r => r.eventTime, cell: r => html`<${Time} at=${r.eventTime} />` },
    { key: 'event', title: t('event'), value: r => r.event, cell: r => html`<button type="button" class="link" aria-label=${t('event.detail.of', { name: `${r.event} ${r.id}` })} onClick=${() => ask(Detail, { event: r })}><code>${r.event}</code></button>` },
    { key: 'severity', title: t('event.severity'), value: severity, cell: r => html`<${Badge} kind=${colours[r.severity] ?? ''} text=${severity(r)} />` },
    { key: 'user', title: t('token.owner'), value: actor },
    { key: 'message', title: t('event.message'), value: r => r.message },
    { key: 'category', title: t('event.category'), value: r => r.category, hidden: true },
    { key: 'detail', title: t('event.detail'), value: r => r.detail, cell: r => html`<code>${r.detail}</code>`, hidden: true },
  ], [language.get()]);
  return html`<${Page} title=${t('nav.events')} crumbs=${at.crumbs}>
    <section class="card"><form onSubmit=${apply}><div class="filter">
      <${Field} form=${form} name="hours" label=${t('event.span')} options=${[...spans.map(h => [h, spanText(h)]), [0, t('event.span.own')]]} />
      ${form.values.hours === 0 && html`<${Field} form=${form} name="from" type="datetime-local" label=${t('event.from')} required max=${LAST} /><${Field} form=${form} name="to" type="datetime-local" label=${t('event.to')} max=${LAST} />`}
      <${Field} form=${form} name="severity" label=${t('event.least')} options=${[['', t('all')], ...severities.map(s => [s, t(`event.${s}`)])]} />
      <${Field} form=${form} name="event" label=${t('event')} autocomplete="off" spellcheck=${false} />
      <${Field} form=${form} name="user" label=${t('token.owner')} autocomplete="off" spellcheck=${false} />
      <${Field} form=${form} name="message" label=${t('event.message')} autocomplete="off" />
      </div><div class="row"><button type="submit" class="primary">${t('event.apply')}</button><button type="button" onClick=${clear}>${t('event.clear')}</button></div>
    </form></section>
    <section class="card"><${Table} name="events" label=${t('nav.events')} list=${list} columns=${columns} first=${{ key: 'eventTime', down: true }} empty=${t('event.empty')} /></section>
  </${Page}>`;
}

const spanText = h => (h < 24 ? t('event.hours', { count: h, n: h }) : t('event.days', { count: h / 24, n: h / 24 }));

function Detail({ event: e, close }) {
  return html`<${Dialog} title=${t('event.detail')} close=${close} wide><div class="body"><${Facts} list=${[
    [t('event.time'), `${local(e.eventTime)} · ${utc(e.eventTime)}`], [t('event'), html`<code>${e.event}</code>`], [t('event.severity'), severity(e)], [t('event.category'), e.category],
    [t('token.owner'), html`<${Text} text=${actor(e)} />`], [t('event.message'), html`<${Text} text=${e.message} />`],
    ...details(e.detail).map(([name, value]) => [html`<code>${name}</code>`, html`<bdi>${value}</bdi>`]),
  ]} /></div><footer><button type="button" data-first class="primary" onClick=${() => close()}>${t('close')}</button></footer></${Dialog}>`;
}

// details are the members of an event's detail, a JSON text.
function details(text) {
  try {
    return Object.entries(JSON.parse(text)).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]);
  } catch {
    return text ? [['detail', text]] : [];
  }
}

export default part({
  key: 'events',
  group: 'system',
  reads: kind => methods[kind],
  views: { events: Events },
});
