// System properties: what can be set while the portal runs.
import { html, useMemo } from '../ui.js';
import { t, language } from '../i18n.js';
import { call, change } from '../api.js';
import { may } from '../session.js';
import { Table, useList } from '../table.js';
import { useForm, Field, Check } from '../form.js';
import { ask, confirmed, Dialog } from '../dialog.js';
import { Page, Card, Failure, Badge, Facts, Text, say } from '../page.js';
import { Time } from '../format.js';

const types = ['STRING', 'NUMBER', 'BOOLEAN', 'JSON', 'DATE', 'DATETIME'];
export const typeOptions = () => types.map(type => [type, t(`property.${type}`)]);

export const valueOf = p => (p.isPassword ? t('property.secret') : p.value);

function List() {
  const list = useList('systemProperty/getSystemProperties', {});
  const edit = async property => {
    if (await ask(Edit, { property })) list.reload();
  };
  const add = async () => {
    if (await ask(NewProperty)) list.reload();
  };
  const remove = async p => {
    const run = () => change('systemProperty/deleteSystemProperty', { id: p.id });
    if (await confirmed({ title: t('property.delete'), text: t('property.delete.text', { name: p.name }), action: t('property.delete'), danger: true, run })) say(t('property.deleted', { name: p.name }));
    list.reload();
  };
  const columns = useMemo(() => [
    { key: 'name', title: t('name'), value: r => r.name, cell: r => html`<button type="button" class="link" onClick=${() => edit(r)}><bdi>${r.name}</bdi></button>${r.description && html`<p class="hint"><bdi>${r.description}</bdi></p>`}` },
    { key: 'value', title: t('property.value'), value: valueOf, cell: r => html`<${Text} text=${short(valueOf(r))} />` },
    { key: 'state', title: t('state'), value: r => t(r.modified ? 'property.set' : 'property.default'), cell: r => r.modified && html`<${Badge} kind="enabled" text=${t('property.set')} />` },
    { key: 'description', title: t('description'), value: r => r.description, hidden: true },
    { key: 'dataType', title: t('type'), value: r => t(`property.${r.dataType}`), hidden: true },
    { key: 'defaultValue', title: t('property.default'), value: r => r.defaultValue, hidden: true },
    { key: 'modified', title: t('property.modified'), value: r => r.modified, cell: r => html`<${Time} at=${r.modified} />`, hidden: true },
    { key: 'buttons', title: t('actions'), plain: true, value: () => '', cell: r => html`
      ${r.modified && !r.isReadOnly && may('systemProperty/deleteSystemProperty') && html`<button type="button" class="small" aria-label=${t('property.delete.of', { name: r.name })} onClick=${() => remove(r)}>${t('property.delete.action')}</button>`}` },
  ], [language.get()]);
  return html`<${Page} title=${t('nav.properties')}><${Card} hint=${t('property.hint')}>
    <${Table} name="properties" label=${t('nav.properties')} list=${list} columns=${columns} exportName="system-properties"
      actions=${may('systemProperty/insertSystemProperty') && html`<button type="button" class="primary" onClick=${add}>${t('property.new')}</button>`} /></${Card}></${Page}>`;
}

export const short = text => (text?.length > 80 ? `${text.slice(0, 80)}…` : text);

// Value is the field of a value, as its type asks for. What does not fit the type the portal refuses.
export function Value({ form, type, secret, name = 'value', label, ...rest }) {
  const common = { form, name, label, ...rest };
  if (secret) return html`<${Field} ...${common} type="password" autocomplete="new-password" />`;
  switch (type) {
    case 'BOOLEAN': return html`<${Field} ...${common} options=${[...(['true', 'false'].includes(form.values[name]) ? [] : [[form.values[name], form.values[name]]]), ['true', t('yes')], ['false', t('no')]]} />`;
    case 'NUMBER': return html`<${Field} ...${common} type="number" step="any" />`;
    case 'JSON': return html`<${Field} ...${common} rows="8" spellcheck=${false} />`;
    case 'DATE': return html`<${Field} ...${common} type="date" />`;
    case 'DATETIME': return html`<${Field} ...${common} hint=${t('property.DATETIME.hint')} />`;
    default: return html`<${Field} ...${common} autocomplete="off" spellcheck=${false} />`;
  }
}

function Edit({ property: p, close }) {
  const mayChange = may('systemProperty/updateSystemProperty') && !p.isReadOnly;
  const form = useForm({ value: p.value ?? '' });
  const save = async ({ value }) => {
    await change('systemProperty/updateSystemProperty', { id: p.id, _update: { value: String(value) } });
    say(t('saved'));
    close(true);
  };
  return html`<${Dialog} title=${t('property')} close=${close} busy=${form.busy} wide><form onSubmit=${form.submit(save)} autocomplete="off">
    <div class="body"><p><strong><bdi>${p.name}</bdi></strong></p>${p.description && html`<p class="hint"><bdi>${p.description}</bdi></p>`}<${Failure} error=${form.error} />
      ${mayChange && html`<${Value} form=${form} type=${p.dataType} secret=${p.isPassword} label=${t('property.value')} />`}
      <${Facts} list=${[...(mayChange ? [] : [[t('property.value'), html`<${Text} text=${valueOf(p)} />`]]), [t('type'), t(`property.${p.dataType}`)],
    [t('property.default'), html`<${Text} text=${p.isPassword ? null : p.defaultValue} />`], [t('property.modified'), html`<${Time} at=${p.modified} />`]]} />
      ${p.isReadOnly && html`<p class="hint">${t('property.readonly')}</p>`}
      ${p.isPassword && html`<p class="hint">${t('property.secret.hint')}</p>`}</div>
    <footer><button type="button" disabled=${form.busy} onClick=${() => close()}>${t(mayChange ? 'cancel' : 'close')}</button>${mayChange && html`<button type="submit" class="primary" disabled=${form.busy || !form.dirty}>${t('save')}</button>`}</footer>
  </form></${Dialog}>`;
}

export const begun = { STRING: '', NUMBER: '0', BOOLEAN: 'true', JSON: '{}', DATE: '', DATETIME: '' };

function NewProperty({ close }) {
  const form = useForm({ name: '', dataType: 'STRING', value: '', defaultValue: '', description: '', isPassword: false });
  const save = async values => {
    const given = Object.fromEntries(Object.entries({ ...values, value: String(values.value ?? begun[values.dataType]) }).filter(([k, v]) => k === 'value' || v !== ''));
    await call('systemProperty/insertSystemProperty', { ...given, name: values.name.trim() });
    say(t('property.created', { name: values.name }));
    close(true);
  };
  const retype = e => form.set('value', begun[e.target.value]);
  return html`<${Dialog} title=${t('property.new')} close=${close} busy=${form.busy}><form onSubmit=${form.submit(save)} autocomplete="off">
    <div class="body"><${Failure} error=${form.error} />
      <${Field} form=${form} name="name" label=${t('name')} required autocomplete="off" spellcheck=${false} />
      <div onInput=${e => e.target.name === 'dataType' && retype(e)}><${Field} form=${form} name="dataType" label=${t('type')} options=${typeOptions()} /></div>
      <${Value} key=${form.values.dataType} form=${form} type=${form.values.dataType} secret=${form.values.isPassword} label=${t('property.value')} />
      <${Field} form=${form} name="description" label=${t('description')} rows="2" />
      <${Check} form=${form} name="isPassword" label=${t('property.isPassword')} hint=${t('property.secret.hint')} /></div>
    <footer><button type="button" disabled=${form.busy} onClick=${() => close()}>${t('cancel')}</button><button type="submit" class="primary" disabled=${form.busy}>${t('create')}</button></footer>
  </form></${Dialog}>`;
}

const methods = ['getSystemProperties', 'insertSystemProperty', 'updateSystemProperty', 'deleteSystemProperty'].map(m => `systemProperty/${m}`);

export default {
  key: 'properties',
  group: 'system',
  asks: methods,
  shown: () => may('systemProperty/getSystemProperties'),
  routes: { '/properties': List },
};
