// A customer as the answer to a question: proposed by name, and looked for by it.
import { call } from './api.js';
import { may } from './session.js';
import { kinds } from './kinds.js';
import { useList } from './table.js';

// Proposals are the first of many: any other name can be typed, and is looked for when it is sent.
export const PROPOSED = 500;

export function useCustomers({ kind, tenant }) {
  const { customers } = kinds[kind];
  return useList(may(customers, tenant) ? customers : null, tenant, { most: PROPOSED });
}

// customerNamed is undefined for no name, and null for one that no customer has.
export const customerNamed = async name => (name.trim() ? call('enterprise/getEnterprise', { name: name.trim() }) : undefined);
