// The roles that users of a kind may have in a tenant, and the functions that roles are made of.
import { useLoad } from './ui.js';
import { call } from './api.js';
import { may } from './session.js';

export const useRoles = ({ kind, tenant }) => useLoad(async () => (may('role/getUserTypeRoles', tenant) ? call('role/getUserTypeRoles', { userType: kind, ...tenant }) : []), [kind, JSON.stringify(tenant)]);

export const roleOptions = (roles, now) => {
  const options = (roles ?? []).map(r => [r.id, r.name]);
  if (now && !options.some(([id]) => id === now.id)) options.unshift([now.id, now.name]);
  return options;
};

// By the kind of the organisation that a role is for, or that makes it.
export const roleMethods = {
  OPERATOR: {
    functions: 'functionalRole/getByOperator', list: 'compositeRole/getByOperator', insert: 'compositeRole/createByOperator',
    update: 'compositeRole/updateByOperator', remove: 'compositeRole/deleteByOperator', kinds: ['OPERATOR', 'MSP', 'ENTERPRISE'],
  },
  MSP: {
    functions: 'functionalRole/getByEnterpriseProxy', list: 'compositeRole/getByEnterpriseProxy', insert: 'compositeRole/createByEnterpriseProxy',
    update: 'compositeRole/updateByEnterpriseProxy', remove: 'compositeRole/deleteByEnterpriseProxy', kinds: ['MSP', 'ENTERPRISE'],
  },
  ENTERPRISE: {
    functions: 'functionalRole/getByEnterprise', list: 'compositeRole/getByEnterprise', insert: 'compositeRole/createByEnterprise',
    update: 'compositeRole/updateByEnterprise', remove: 'compositeRole/deleteByEnterprise', kinds: ['ENTERPRISE'],
  },
};

// useFunctions are the functional roles for users of a kind, of which all but the superuser's are made into roles.
export const useFunctions = ({ kind, tenant }, of = kind, plain = true) => useLoad(async () => {
  const { functions } = roleMethods[kind];
  return may(functions, tenant) ? call(functions, { userType: of, excludeSuperRoles: plain, ...tenant }) : [];
}, [kind, of, plain, JSON.stringify(tenant)]);
