// Operator Users.
import { html } from '../ui.js';
import { t } from '../i18n.js';
import { may } from '../session.js';
import { kinds, methodsOf } from '../kinds.js';
import { Page } from '../page.js';
import { UserList, UserPage } from '../users.js';

const where = { kind: 'OPERATOR', tenant: {}, base: '/operators' };

const List = () => html`<${Page} title=${t('nav.operators')}><section class="card"><${UserList} where=${where} exportName="operator-users" /></section></${Page}>`;
const One = ({ id }) => html`<${UserPage} where=${where} id=${id} crumbs=${[[t('nav.operators'), '/operators']]} />`;

export default {
  key: 'operators',
  group: 'people',
  asks: methodsOf('OPERATOR'),
  shown: me => me.userType === 'OPERATOR' && may(kinds.OPERATOR.list),
  routes: { '/operators': List, '/operators/:id': One },
};
