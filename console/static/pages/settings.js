// The properties of an organisation: those that the portal reads, and any other by its name. There is no list of them.
import { html, useMemo, useLoad } from '../ui.js';
import { t, language } from '../i18n.js';
import { batch, call } from '../api.js';
import { may } from '../session.js';
import { part } from '../part.js';
import { Table, asList } from '../table.js';
import { useForm, Field, Check, Submit } from '../form.js';
import { ask, Dialog } from '../dialog.js';
import { Page, Card, Failure, Badge, Text, say } from '../page.js';
import { Time } from '../format.js';
import { Value, begun, short, typeOptions, valueOf } from './properties.js';

const methods = {
  MSP: { get: 'enterpriseProxy/getEnterpriseProxyProperty', set: 'enterpriseProxy/insertOrUpdateEnterpriseProxyProperty' },
  ENTERPRISE: { get: 'enterprise/getEnterpriseProperty', set: 'enterprise/insertOrUpdateEnterpriseProperty' },
};

// What the portal reads: names, types, defaults, and the texts that tell of them.
const verifier = ['portico.verifier', 'JSON', '{"kind":"none"}', 'verifier'];
const policy = ['portico.apiToken.policy', 'JSON', '{}', 'policy'];
const known = {
  MSP: [
    ['vco.enterprise.proxy.authentication.mode', 'STRING', 'NATIVE', 'mode'], ['vco.enterprise.proxy.authentication.twoFactor.enable', 'BOOLEAN', 'false', 'factor'],
    ['vco.api.rateLimit.rules.enterpriseProxy', 'JSON', '[]', 'rate'], policy, verifier,
  ],
  ENTERPRISE: [
    ['vco.enterprise.authentication.mode', 'STRING', 'NATIVE', 'mode'], ['vco.enterprise.authentication.twoFactor.enable', 'BOOLEAN', 'false', 'factor'],
    ['vco.api.rateLimit.rules.enterprise', 'JSON', '[]', 'rate'], policy, verifier,
  ],
};

function Settings({ at }) {
  const { get, set } = methods[at.kind];
  const mayChange = may(set, at.tenant);
  const state = useLoad(async () => {
    const answers = await batch(known[at.kind].map(([name]) => [get, { name, ...at.tenant }]));
    for (const { error } of answers) if (error) throw error;
    return known[at.kind].map(([name, dataType, value, about], i) => ({ name, dataType, value, about, ...answers[i].result }));
  }, [at.root]);
  const edit = async property => {
    if (await ask(Edit, { property, at })) state.reload();
  };
  const columns = useMemo(() => [
    { key: 'name', title: t('name'), value: r => r.name, cell: r => html`${mayChange ? html`<button type="button" class="link" onClick=${() => edit(r)}><bdi>${r.name}</bdi></button>` : html`<bdi>${r.name}</bdi>`}<p class="hint">${t(`setting.${r.about}`)}</p>` },
    { key: 'value', title: t('property.value'), value: valueOf, cell: r => html`<${Text} text=${short(valueOf(r))} />` },
    { key: 'state', title: t('state'), value: r => t(r.id ? 'property.set' : 'property.default'), cell: r => r.id && html`<${Badge} kind="enabled" text=${t('property.set')} />` },
    { key: 'modified', title: t('property.modified'), value: r => r.modified, cell: r => html`<${Time} at=${r.modified} />` },
  ], [at.root, mayChange, language.get()]);
  return html`<${Page} title=${t('nav.settings')} crumbs=${at.crumbs}><${Card} hint=${t('setting.hint')}>
    <${Table} name="settings" label=${t('nav.settings')} list=${asList(state)} columns=${columns} rowKey=${r => r.name} />
  </${Card}><${Other} at=${at} edit=${edit} mayChange=${mayChange} /></${Page}>`;
}

// Other finds a property by its name. What is not there yet is made.
function Other({ at, edit, mayChange }) {
  const form = useForm({ name: '' });
  const find = async values => {
    const name = values.name.trim();
    const found = await call(methods[at.kind].get, { name, ...at.tenant });
    if (!found && !mayChange) return form.refuse(t('setting.unknown'), 'name');
    return edit(found ?? { name });
  };
  return html`<${Card} title=${t('setting.other')} hint=${t('setting.other.hint')}><form onSubmit=${form.submit(find)}><${Failure} error=${form.error} />
    <${Field} form=${form} name="name" label=${t('name')} required maxlength="255" autocomplete="off" spellcheck=${false} />
    <div class="row"><button type="submit" disabled=${form.busy}>${t('setting.find')}</button></div></form></${Card}>`;
}

function Edit({ property: p, at, close }) {
  const isNew = !p.id && !p.about;
  const mayChange = may(methods[at.kind].set, at.tenant);
  const form = useForm({ dataType: p.dataType ?? 'STRING', value: p.value ?? begun[p.dataType ?? 'STRING'], isPassword: Boolean(p.isPassword) });
  const save = async ({ dataType, value, isPassword }) => {
    await call(methods[at.kind].set, { ...at.tenant, name: p.name, value: String(value), ...(isNew && { dataType, isPassword }) });
    say(t('saved'));
    close(true);
  };
  return html`<${Dialog} title=${t('setting')} close=${close} busy=${form.busy} wide><form onSubmit=${form.submit(save)} autocomplete="off">
    <div class="body"><p><strong><bdi>${p.name}</bdi></strong></p>${p.about && html`<p class="hint">${t(`setting.${p.about}`)}</p>`}<${Failure} error=${form.error} />
      ${isNew && html`<${Field} form=${form} name="dataType" label=${t('type')} options=${typeOptions()} />`}
      ${mayChange ? html`<${Value} key=${form.values.dataType} form=${form} type=${form.values.dataType} secret=${form.values.isPassword} label=${t('property.value')} />` : html`<p><${Text} text=${valueOf(p)} /></p>`}
      ${isNew && html`<${Check} form=${form} name="isPassword" label=${t('property.isPassword')} hint=${t('property.secret.hint')} />`}</div>
    ${mayChange ? html`<${Submit} form=${form} close=${close} text=${t('save')} idle=${p.id && !form.dirty} />` : html`<footer><button type="button" data-first onClick=${() => close()}>${t('close')}</button></footer>`}
  </form></${Dialog}>`;
}

export default part({
  key: 'settings',
  group: 'system',
  asks: kind => [methods[kind]?.set],
  reads: kind => methods[kind]?.get,
  views: { settings: Settings },
});
