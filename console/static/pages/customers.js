// Customers: of the operator, or of a partner.
import { t } from '../i18n.js';
import { caller, may } from '../session.js';
import { kinds } from '../kinds.js';
import { tenants } from '../tenants.js';

const inserts = { OPERATOR: 'enterprise/insertEnterprise', MSP: 'enterpriseProxy/insertEnterpriseProxyEnterprise' };
const list = (of = caller.get().userType) => kinds[of].customers;
const insert = () => inserts[caller.get().userType];

export default {
  key: 'customers',
  group: 'people',
  asks: me => [list(me.userType), inserts[me.userType]].filter(Boolean),
  shown: me => may(list(me.userType)),
  routes: tenants({
    key: 'customers', kind: 'ENTERPRISE', param: 'enterpriseId', list, insert, get: 'enterprise/getEnterprise',
    update: 'enterprise/updateEnterprise', remove: 'enterprise/deleteEnterprise',
    columns: () => [
      { key: 'accountNumber', title: t('accountNumber'), value: r => r.accountNumber },
      ...(caller.get().userType === 'OPERATOR' ? [{ key: 'partner', title: t('partner'), value: r => r.enterpriseProxyName }] : []),
    ],
  }),
};
