// The roles that users of a kind may have in a tenant, for drop-downs.
import { useLoad } from './ui.js';
import { call } from './api.js';
import { may } from './session.js';

export const useRoles = ({ kind, tenant }) => useLoad(async () => (may('role/getUserTypeRoles', tenant) ? call('role/getUserTypeRoles', { userType: kind, ...tenant }) : []), [kind, JSON.stringify(tenant)]);

export const roleOptions = (roles, now) => {
  const options = (roles ?? []).map(r => [r.id, r.name]);
  if (now && !options.some(([id]) => id === now.id)) options.unshift([now.id, now.name]);
  return options;
};
