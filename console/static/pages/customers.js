// Customers: of the operator, or of a partner.
import { t } from '../i18n.js';
import { caller, may } from '../session.js';
import { tenants } from '../tenants.js';

const lists = { OPERATOR: 'network/getNetworkEnterprises', MSP: 'enterpriseProxy/getEnterpriseProxyEnterprises' };
const inserts = { OPERATOR: 'enterprise/insertEnterprise', MSP: 'enterpriseProxy/insertEnterpriseProxyEnterprise' };
const list = () => lists[caller.get().userType];
const insert = () => inserts[caller.get().userType];

export default {
  key: 'customers',
  group: 'people',
  asks: me => (me.userType in lists ? [lists[me.userType], inserts[me.userType]] : []),
  shown: me => me.userType in lists && may(list()),
  routes: tenants({
    key: 'customers', kind: 'ENTERPRISE', param: 'enterpriseId', list, insert, get: 'enterprise/getEnterprise',
    update: 'enterprise/updateEnterprise', remove: 'enterprise/deleteEnterprise',
    columns: () => [
      { key: 'accountNumber', title: t('accountNumber'), value: r => r.accountNumber },
      ...(caller.get().userType === 'OPERATOR' ? [{ key: 'partner', title: t('partner'), value: r => r.enterpriseProxyName }] : []),
    ],
  }),
};
