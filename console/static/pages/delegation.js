// Delegation: what a customer or a partner lets those above him do. Nobody else can consent for him.
import { html, useLoad } from '../ui.js';
import { t } from '../i18n.js';
import { batch, call } from '../api.js';
import { caller, may } from '../session.js';
import { useForm, Check, SaveBar } from '../form.js';
import { Page, Card, Failure, Loaded, say } from '../page.js';

// Each consent is a pair of methods: is... reads it, set... changes it.
const consents = {
  ENTERPRISE: ['EnterpriseDelegatedToOperator', 'EnterpriseUserManagementDelegatedToOperator', 'EnterpriseViewSensitiveDataDelegatedToOperator',
    'EnterpriseDelegatedToEnterpriseProxy', 'EnterpriseViewSensitiveDataDelegatedToEnterpriseProxy'],
  MSP: ['EnterpriseProxyDelegatedToOperator'],
};
const mine = me => consents[me.userType] ?? [];
const is = name => `role/is${name}`;
const set = name => `role/set${name}`;

function Delegation() {
  const state = useLoad(async () => {
    const partner = await hasPartner();
    const names = mine(caller.get()).filter(name => may(is(name)) && (partner || !name.endsWith('Proxy')));
    const answers = await batch(names.map(name => [is(name), {}]));
    for (const { error } of answers) if (error) throw error;
    return Object.fromEntries(names.map((name, i) => [name, answers[i].result.isDelegated]));
  }, []);
  return html`<${Page} title=${t('nav.delegation')}><${Loaded} state=${state}>${given => html`<${Consents} given=${given} reload=${state.reload} />`}</${Loaded}></${Page}>`;
}

// hasPartner says whether there is a partner above the customer, to consent to.
async function hasPartner() {
  if (caller.get().userType !== 'ENTERPRISE') return false;
  const { enterpriseProxy } = await call('enterprise/getEnterprise', { with: ['enterpriseProxy'] });
  return Boolean(enterpriseProxy);
}

function Consents({ given, reload }) {
  const form = useForm(given, { warn: true });
  const names = Object.keys(given);
  const save = async values => {
    try {
      for (const name of form.changed) await call(set(name), { isDelegated: values[name] });
      form.saved(values);
      say(t('saved'));
    } finally {
      reload(); // those before a refusal are given
    }
  };
  return html`<form onSubmit=${form.submit(save)}>
    <${Failure} error=${form.error} />
    <${Card} hint=${t('delegation.hint')}>
      ${names.map(name => html`<${Check} key=${name} form=${form} name=${name} label=${t(`delegation.${name}`)} disabled=${!may(set(name))} />`)}
    </${Card}>
    ${names.some(name => may(set(name))) && html`<${SaveBar} form=${form} />`}
  </form>`;
}

export default {
  key: 'delegation',
  group: 'access',
  asks: me => mine(me).flatMap(name => [is(name), set(name)]),
  shown: me => mine(me).some(name => may(is(name))),
  routes: { '/delegation': Delegation },
};
