// The pages of the console, in the order of the navigation. A page is
//
//   key      its name in the navigation is the text nav.KEY
//   group    a heading there, the text group.GROUP
//   asks     methods that the portal is asked about before anything is shown; may() then knows them
//   shown    (caller) => whether it is there for him
//   routes   addresses and the components shown at them, which get the parts of the address as props; the first is its own
//
// A new page is a file in pages/ and a line here.
import operators from './pages/operators.js';
import customers from './pages/customers.js';
import partners from './pages/partners.js';
import users from './pages/users.js';
import authentication from './pages/authentication.js';
import apps from './pages/apps.js';
import clients from './pages/clients.js';
import credentials from './pages/credentials.js';
import groups from './pages/groups.js';
import roles from './pages/roles.js';
import properties from './pages/properties.js';
import settings from './pages/settings.js';
import events from './pages/events.js';
import webhooks from './pages/webhooks.js';
import explain from './pages/explain.js';
import delegation from './pages/delegation.js';
import account from './pages/account.js';

export const pages = [operators, partners, customers, users, groups, roles, authentication, delegation, apps, clients, credentials, events, webhooks, explain, settings, properties, account];
