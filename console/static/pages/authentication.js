// Authentication: all API tokens that the caller handles in his own organisation.
import { html } from '../ui.js';
import { t } from '../i18n.js';
import { caller, may } from '../session.js';
import { kinds } from '../kinds.js';
import { home } from '../where.js';
import { Page, Card } from '../page.js';
import { Tokens } from '../tokens.js';

const All = () => html`<${Page} title=${t('nav.authentication')}><${Card} title=${t('tokens')} hint=${t('tokens.hint')}><${Tokens} where=${home(caller.get())} /></${Card}></${Page}>`;

export default {
  key: 'authentication',
  group: 'access',
  asks: me => [kinds[me.userType].tokens],
  shown: me => me.isSuper === 1 && may(kinds[me.userType].tokens),
  routes: { '/authentication': All },
};
