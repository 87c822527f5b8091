// Limits of API tokens: what a token leaves of its user's rights. They are chosen when it is made, and never change.
import { html, useEffect, useState, useLoad } from './ui.js';
import { t } from './i18n.js';
import { call } from './api.js';
import { caller } from './session.js';
import { kinds } from './kinds.js';
import { Field } from './form.js';
import { Checklist, Suggest, lines } from './choose.js';
import { ask, Dialog } from './dialog.js';
import { Facts, Loaded, Note } from './page.js';
import { None } from './format.js';
import { customerNamed, useCustomers } from './customers.js';

// The parts of limits, by their names in calls, and the fields of a form about them.
const parts = ['sources', 'methods', 'privileges', 'enterpriseId'];
export const noLimits = { 'limits.sources': '', 'limits.methods': [], 'limits.privileges': [], 'limits.enterpriseId': '' };

const label = part => t(`limits.${part}`);
const listed = limits => parts.map(part => [part, [limits[part] || []].flat()]).filter(([, list]) => list.length);

// chosenIn are the parts that a form says something of, as it is sent: blanks are nothing. A customer is who is named, until he is found.
const chosenIn = (values, customer = values['limits.enterpriseId'].trim()) => listed({ sources: lines(values['limits.sources']), methods: values['limits.methods'], privileges: values['limits.privileges'], enterpriseId: customer });

// limitsOf are the limits in a call, as they were chosen: undefined for none, null when what was typed has been refused.
export async function limitsOf(values, form) {
  const customer = await customerNamed(values['limits.enterpriseId']);
  if (customer === null) {
    form.refuse(t('explain.customer.unknown'), 'limits.enterpriseId');
    return null;
  }
  const chosen = chosenIn(values, customer?.id ?? '');
  return chosen.length ? Object.fromEntries(chosen.map(([part, list]) => [part, part === 'enterpriseId' ? list[0] : list])) : undefined;
}

// limitsText says it all in a line, for searches and tables that leave as CSV.
export const limitsText = limits => (limits ? listed(limits).map(([part, list]) => `${label(part)}: ${list.join(', ')}`).join('; ') : '');

// Limits is the part of a form in which the limits of a user's new token are chosen. It is folded where nothing asks for it: require is
// what the policy asks for.
export function Limits({ form, require = [], ...rest }) {
  const [opened, setOpened] = useState(null);
  const refused = Object.keys(form.error?.fields ?? {}).some(path => path.startsWith('limits'));
  useEffect(() => { if (refused) setOpened(true); }, [form.error]);
  const open = opened ?? require.length > 0;
  const some = chosenIn(form.values).map(([part]) => label(part));
  return html`<details class="fold" open=${open} onToggle=${e => setOpened(e.target.open)}>
    <summary>${t('limits')}<span class="hint">${some.join(', ') || t('limits.none')}</span></summary>
    ${open && html`<${Fields} form=${form} require=${require} ...${rest} />`}
  </details>`;
}

function Fields({ form, where, user, require }) {
  const me = caller.get();
  const catalog = useLoad(() => call('system/getMethodCatalog'), []);
  const customers = useCustomers(where);
  return html`<p class="hint">${t('limits.hint')}</p>
    ${require.length > 0 && html`<${Note} kind="warn"><p>${t('limits.required', { list: require.map(what => t(`limits.require.${what}`)).join(', ') })}</p></${Note}>`}
    <${Field} form=${form} name="limits.sources" label=${t('limits.sources')} hint=${t('limits.sources.hint', { source: me.source })} rows="3" spellcheck=${false} />
    <${Loaded} state=${catalog}>${all => html`
      <${Checklist} form=${form} name="limits.methods" label=${t('limits.methods')} hint=${t('limits.methods.hint')} options=${methodOptions(all, where.kind)} />
      <${Checklist} form=${form} name="limits.privileges" label=${t('limits.privileges')} hint=${t('limits.privileges.hint')}
        options=${(user.id === me.userId ? me.privileges.toSorted() : privilegesIn(all, where.kind)).map(p => [p, p])} />`}</${Loaded}>
    ${kinds[where.kind].customers && html`<${Suggest} form=${form} name="limits.enterpriseId" label=${t('limits.enterpriseId')} hint=${t('limits.enterpriseId.hint')}
      options=${(customers.rows ?? []).map(c => c.name)} />`}`;
}

// open says whether a method of the catalog is for tokens with limits of users of a kind.
const open = kind => m => m.allowLimitedTokens && !m.public && m.allowPrincipleTypes.includes('USER') && (!m.allowAuthTypes.length || m.allowAuthTypes.includes(`${kind}_USER`));

// methodOptions are what gateways ask by, families, and methods.
function methodOptions(catalog, kind) {
  const names = catalog.filter(open(kind)).map(m => m.name).sort();
  const families = [...new Set(names.filter(name => name.includes('/')).map(name => `${name.split('/')[0]}/*`))];
  return [['auth/check', t('limits.gate')], ...[...families, ...names].map(name => [name, name])];
}

// above are the objects that mean nothing to users of a kind, though methods that they share with others name them.
const above = { OPERATOR: /^$/, MSP: /:OPERATOR_/, ENTERPRISE: /:(OPERATOR_|PROXY)/ };
const privilegesIn = (catalog, kind) => [...new Set(catalog.filter(open(kind)).flatMap(m => [...m.all, ...m.any]))].filter(p => !above[kind].test(p)).sort();

// Limited says in the grid which limits a token has, and shows them.
export function Limited({ token }) {
  if (!token.limits) return html`<${None} />`;
  const some = listed(token.limits).map(([part]) => label(part)).join(', ');
  return html`<button type="button" class="link" aria-label=${t('limits.of', { name: token.name, list: some })} onClick=${() => ask(Detail, { token })}>${some}</button>`;
}

function Detail({ token, close }) {
  const { limits } = token;
  const customer = useLoad(async () => (limits.enterpriseId ? call('enterprise/getEnterprise', { enterpriseId: limits.enterpriseId }) : null), []);
  const shown = (part, value) => (part === 'enterpriseId' ? html`<bdi>${customer.data?.name ?? `#${value}`}</bdi>` : html`<code>${value}</code>`);
  return html`<${Dialog} title=${t('limits')} close=${close} wide><div class="body"><p><strong><bdi>${token.name}</bdi></strong></p><p class="hint">${t('limits.hint')}</p>
    <${Facts} list=${listed(limits).map(([part, list]) => [label(part), html`<ul>${list.map(value => html`<li key=${value}>${shown(part, value)}</li>`)}</ul>`])} /></div>
    <footer><button type="button" data-first class="primary" onClick=${() => close()}>${t('close')}</button></footer></${Dialog}>`;
}
