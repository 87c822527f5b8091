// Where the caller himself belongs: his kind of users, in his own tenant.
export const home = me => ({ kind: me.userType, tenant: {}, base: me.userType === 'OPERATOR' ? '/operators' : '/users' });

// The organisation of the caller as the place of pages about it: whose, the tenant in its calls, and the addresses of its pages and users.
export const organisation = me => ({ kind: me.userType, tenant: {}, root: '', base: home(me).base, crumbs: [] });
