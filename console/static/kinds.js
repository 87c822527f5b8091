// The three kinds of users, and the methods of each. A where is {kind, tenant, base}: whose users, and the address of their pages.
export const kinds = {
  OPERATOR: {
    list: 'network/getNetworkOperatorUsers', get: 'operatorUser/getOperatorUser', insert: 'operatorUser/insertOperatorUser',
    update: 'operatorUser/updateOperatorUser', remove: 'operatorUser/deleteOperatorUser',
    sendReset: 'operatorUser/sendOperatorUserPasswordResetEmail', tokensOf: 'operatorUser/getApiTokens', tokens: 'network/getApiTokens',
    createToken: 'network/createApiToken', customers: 'network/getNetworkEnterprises', downloadToken: 'network/downloadApiToken', revokeToken: 'network/revokeApiToken', refreshToken: 'network/refreshApiToken', owner: 'operatorUserId',
  },
  MSP: {
    list: 'enterpriseProxy/getEnterpriseProxyUsers', get: 'enterpriseProxy/getEnterpriseProxyUser', insert: 'enterpriseProxy/insertEnterpriseProxyUser',
    update: 'enterpriseProxy/updateEnterpriseProxyUser', remove: 'enterpriseProxy/deleteEnterpriseProxyUser',
    sendReset: 'enterpriseProxy/sendEnterpriseProxyUserPasswordResetEmail', tokensOf: 'enterpriseUser/getApiTokens', tokens: 'enterpriseProxy/getApiTokens',
    createToken: 'enterpriseProxy/createApiToken', customers: 'enterpriseProxy/getEnterpriseProxyEnterprises', downloadToken: 'enterpriseProxy/downloadApiToken', revokeToken: 'enterpriseProxy/revokeApiToken', refreshToken: 'enterpriseProxy/refreshApiToken', owner: 'enterpriseUserId',
  },
  ENTERPRISE: {
    list: 'enterprise/getEnterpriseUsers', get: 'enterpriseUser/getEnterpriseUser', insert: 'enterprise/insertEnterpriseUser',
    update: 'enterpriseUser/updateEnterpriseUser', remove: 'enterpriseUser/deleteEnterpriseUser',
    sendReset: 'enterpriseUser/sendEnterpriseUserPasswordResetEmail', tokensOf: 'enterpriseUser/getApiTokens', tokens: 'enterprise/getApiTokens',
    createToken: 'enterprise/createApiToken', downloadToken: 'enterprise/downloadApiToken', revokeToken: 'enterprise/revokeApiToken', refreshToken: 'enterprise/refreshApiToken', owner: 'enterpriseUserId',
  },
};

// methodsOf are those that the pages of a kind of users ask the portal about.
export const methodsOf = kind => [
  ...['list', 'get', 'insert', 'update', 'remove', 'sendReset', 'tokensOf', 'tokens', 'createToken', 'downloadToken', 'revokeToken', 'refreshToken', 'customers'].map(what => kinds[kind][what]).filter(Boolean),
  'role/getUserTypeRoles', 'secondFactor/reset', 'apiToken/rotate', 'apiToken/getPolicy',
];
