// The users of the caller's own customer or partner.
import { html } from '../ui.js';
import { t } from '../i18n.js';
import { caller, may } from '../session.js';
import { kinds, methodsOf } from '../kinds.js';
import { home } from '../where.js';
import { Page } from '../page.js';
import { UserList, UserPage } from '../users.js';

const List = () => html`<${Page} title=${t('nav.users')}><section class="card"><${UserList} where=${home(caller.get())} /></section></${Page}>`;
const One = ({ id }) => html`<${UserPage} where=${home(caller.get())} id=${id} crumbs=${[[t('nav.users'), '/users']]} />`;

export default {
  key: 'users',
  group: 'people',
  asks: me => (me.userType === 'OPERATOR' ? [] : methodsOf(me.userType)),
  shown: me => me.userType !== 'OPERATOR' && may(kinds[me.userType].list),
  routes: { '/users': List, '/users/:id': One },
};
