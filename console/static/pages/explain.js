// Who may do what: asked of the portal's own decision, of oneself or of another user.
import { html, useState, useLoad, useMemo } from '../ui.js';
import { t, has } from '../i18n.js';
import { call } from '../api.js';
import { caller, may } from '../session.js';
import { kinds } from '../kinds.js';
import { PROPOSED, useCustomers, customerNamed } from '../customers.js';
import { home } from '../where.js';
import { useList } from '../table.js';
import { useForm } from '../form.js';
import { Suggest } from '../choose.js';
import { Page, Card, Facts, Failure, Loaded, Badge, Text } from '../page.js';

function Explain() {
  const me = caller.use();
  const catalog = useLoad(() => call('system/getMethodCatalog'), []);
  const users = useList(may(kinds[me.userType].list) ? kinds[me.userType].list : null, {}, { most: PROPOSED });
  const customers = useCustomers(home(me));
  const form = useForm({ method: '', user: '', customer: '' });
  const [answer, setAnswer] = useState(null);
  const explain = async values => {
    setAnswer(null);
    const username = values.user.trim();
    const user = username && await call(kinds[me.userType].get, { username });
    const customer = await customerNamed(values.customer);
    if (user === null) return form.refuse(t('user.unknown'), 'user');
    if (customer === null) return form.refuse(t('explain.customer.unknown'), 'customer');
    return setAnswer(await call('role/explainPrivilege', { method: values.method.trim(), ...(user && { userId: user.id }), ...(customer && { enterpriseId: customer.id }) }));
  };
  return html`<${Page} title=${t('nav.explain')}><${Card} hint=${t('explain.hint')} title=${t('explain.question')}>
    <${Loaded} state=${catalog}>${methods => html`<form onSubmit=${form.submit(explain)}><div class="grid">
      <${Suggest} form=${form} name="method" label=${t('explain.method')} hint=${methods.find(m => m.name === form.values.method)?.summary ?? t('explain.method.hint')} required options=${methods.map(m => m.name)} />
      ${users.rows?.length > 0 && html`<${Suggest} form=${form} name="user" label=${t('token.owner')} hint=${t('explain.user.hint')} options=${users.rows.map(u => u.username)} />`}
      ${customers.rows?.length > 0 && html`<${Suggest} form=${form} name="customer" label=${t('explain.customer')} hint=${t('explain.customer.hint')} options=${customers.rows.map(c => c.name)} />`}
      </div><div class="row"><button type="submit" class="primary" disabled=${form.busy}>${t('explain.ask')}</button></div>
    </form><${Failure} error=${form.error} />`}</${Loaded}>
  </${Card}>${answer && html`<${Answer} answer=${answer} />`}</${Page}>`;
}

const decided = by => (has(`explain.by.${by}`) ? t(`explain.by.${by}`) : by);
const verdict = a => (a.allowed ? ['enabled', t('explain.yes')] : a.allowedToSelf ? ['pending', t('explain.self')] : ['revoked', t('explain.no')]);

function Answer({ answer: a }) {
  const [kind, text] = verdict(a);
  const privileges = useMemo(() => a.privileges ?? [], [a]);
  return html`<section class="card" role="status"><div class="head"><h2><code>${a.method}</code></h2><${Badge} kind=${kind} text=${text} /></div>
    <${Facts} list=${[
    [t('token.owner'), html`<${Text} text=${a.username} />`], [t('role'), html`<${Text} text=${a.role?.name} />`], [t('explain.by'), decided(a.decidedBy)],
    ...(a.reason ? [[t('explain.reason'), html`<span lang="en">${a.reason}</span>`]] : []),
    [t('explain.types'), a.rule.userTypes.length ? a.rule.userTypes.join(', ') : t('all')], [t('explain.principals'), a.rule.principals.join(', ')],
  ]} />
    ${privileges.length > 0 && html`<div class="scroll" role="region" aria-label=${t('explain.privileges')} tabindex="0"><table><caption class="unseen">${t('explain.privileges')}</caption>
      <thead><tr>${[t('explain.privilege'), t('explain.held'), t('explain.by'), t('explain.function')].map(text => html`<th key=${text} class="text" scope="col">${text}</th>`)}</tr></thead>
      <tbody>${privileges.map(p => html`<tr key=${p.privilege}><td data-label=${t('explain.privilege')}><code>${p.privilege}</code></td>
        <td data-label=${t('explain.held')}><${Badge} kind=${p.held ? 'enabled' : 'revoked'} text=${t(p.held ? 'yes' : 'no')} /></td><td data-label=${t('explain.by')}>${decided(p.decidedBy)}${p.customization && html` (<bdi>${p.customization.name}</bdi>)`}</td>
        <td data-label=${t('explain.function')}><${Text} text=${p.functionalRole?.name} /></td></tr>`)}</tbody></table></div>`}
  </section>`;
}

export default {
  key: 'explain',
  group: 'system',
  asks: me => ['role/explainPrivilege', kinds[me.userType].list, kinds[me.userType].customers].filter(Boolean),
  shown: () => may('role/explainPrivilege'),
  routes: { '/explain': Explain },
};
