// What there is of each organisation, in the order of the links on its page.
import apps from './pages/apps.js';
import clients from './pages/clients.js';
import credentials from './pages/credentials.js';
import groups from './pages/groups.js';
import roles from './pages/roles.js';
import settings from './pages/settings.js';
import events from './pages/events.js';
import webhooks from './pages/webhooks.js';

export const parts = [apps, clients, credentials, groups, roles, settings, events, webhooks].map(page => page.below);
