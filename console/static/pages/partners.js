// Partners, and their users.
import { may } from '../session.js';
import { t } from '../i18n.js';
import { tenants } from '../tenants.js';

const list = 'network/getNetworkEnterpriseProxies';
const insert = 'enterpriseProxy/insertEnterpriseProxy';

export default {
  key: 'partners',
  group: 'people',
  asks: [list, insert],
  shown: me => me.userType === 'OPERATOR' && may(list),
  routes: tenants({
    key: 'partners', kind: 'MSP', param: 'enterpriseProxyId', list: () => list, insert: () => insert, get: 'enterpriseProxy/getEnterpriseProxy',
    update: 'enterpriseProxy/updateEnterpriseProxy', remove: 'enterpriseProxy/deleteEnterpriseProxy',
    columns: () => [{ key: 'proxyType', title: t('type'), value: r => r.proxyType }],
  }),
};
