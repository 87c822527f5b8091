// Where the caller himself belongs: his kind of users, in his own tenant.
export const home = me => ({ kind: me.userType, tenant: {}, base: me.userType === 'OPERATOR' ? '/operators' : '/users' });
