package portal_test

import "maps"

const customizeAny = "MODIFY_NETWORK_CUSTOM_ROLES MODIFY_ENTERPRISE_CUSTOM_ROLES MODIFY_ENTERPRISE_PROXY_CUSTOM_ROLES"

func init() {
	maps.Copy(doorways, map[string]doorway{
		"compositeRole/createByOperator":        {all: "CREATE:OPERATOR_SCOPED_ROLE", callers: "OPERATOR", context: "network", params: `{"networkId":$network,"name":"x","userType":"OPERATOR","functionalRoleIds":[]}`, passed: -32602},
		"compositeRole/createByEnterpriseProxy": {all: "CREATE:MSP_SCOPED_ROLE", callers: "OPERATOR MSP", context: "proxy", params: `{"enterpriseProxyId":$proxy,"name":"x","userType":"MSP","functionalRoleIds":[]}`, passed: -32602},
		"compositeRole/createByEnterprise":      {all: "CREATE:ENTERPRISE_SCOPED_ROLE", context: "enterprise", params: `{"enterpriseId":$tenant,"name":"x","userType":"ENTERPRISE","functionalRoleIds":[]}`, passed: -32602},
		"compositeRole/updateByOperator":        {all: "UPDATE:OPERATOR_SCOPED_ROLE", callers: "OPERATOR", context: "network", params: `{"networkId":$network,"roleId":999999,"_update":{}}`},
		"compositeRole/updateByEnterpriseProxy": {all: "UPDATE:MSP_SCOPED_ROLE", callers: "OPERATOR MSP", context: "proxy", params: `{"enterpriseProxyId":$proxy,"roleId":999999,"_update":{}}`},
		"compositeRole/updateByEnterprise":      {all: "UPDATE:ENTERPRISE_SCOPED_ROLE", context: "enterprise", params: `{"enterpriseId":$tenant,"roleId":999999,"_update":{}}`},
		"compositeRole/deleteByOperator":        {all: "DELETE:OPERATOR_SCOPED_ROLE", callers: "OPERATOR", context: "network", params: `{"networkId":$network,"roleIds":[999999]}`},
		"compositeRole/deleteByEnterpriseProxy": {all: "DELETE:MSP_SCOPED_ROLE", callers: "OPERATOR MSP", context: "proxy", params: `{"enterpriseProxyId":$proxy,"roleIds":[999999]}`},
		"compositeRole/deleteByEnterprise":      {all: "DELETE:ENTERPRISE_SCOPED_ROLE", context: "enterprise", params: `{"enterpriseId":$tenant,"roleIds":[999999]}`},
		"compositeRole/getByOperator":           {all: "READ:OPERATOR_SCOPED_ROLE", callers: "OPERATOR", context: "network", params: `{"networkId":$network,"userTypes":["OPERATOR"]}`},
		"compositeRole/getByEnterpriseProxy":    {all: "READ:MSP_SCOPED_ROLE", callers: "OPERATOR MSP", context: "proxy", params: `{"enterpriseProxyId":$proxy,"userTypes":["MSP"]}`},
		"compositeRole/getByEnterprise":         {all: "READ:ENTERPRISE_SCOPED_ROLE", context: "enterprise", params: `{"enterpriseId":$tenant,"userTypes":["ENTERPRISE"]}`},

		"functionalRole/getByOperator":        {all: "READ:OPERATOR_SCOPED_ROLE", callers: "OPERATOR", params: `{"userType":"MSP"}`},
		"functionalRole/getByEnterpriseProxy": {all: "READ:MSP_SCOPED_ROLE", callers: "OPERATOR MSP", context: "proxy", params: `{"enterpriseProxyId":$proxy,"userType":"MSP"}`},
		"functionalRole/getByEnterprise":      {all: "READ:ENTERPRISE_SCOPED_ROLE", context: "enterprise", params: `{"enterpriseId":$tenant,"userType":"ENTERPRISE"}`},

		"role/insertRoleCustomizationPackage":        {all: "CREATE:ROLE_CUSTOMIZATION_PACKAGE", params: `{"blobContent":{"roleCustomizations":[{"forRoleId":1}]}}`, passed: -32602},
		"role/applyRoleCustomizationPackage":         {any: customizeAny, params: `{"id":999999}`, passed: -32004},
		"role/saveAndApplyRoleCustomizationPackage":  {all: "UPDATE:ROLE_CUSTOMIZATION_PACKAGE", any: customizeAny, params: `{"id":999999,"_update":{}}`, passed: -32004},
		"role/deleteRoleCustomizationPackage":        {any: customizeAny, params: `{"id":999999}`},
		"role/getRoleCustomizationPackages":          {all: "READ:ROLE_CUSTOMIZATION_PACKAGE", params: `{}`},
		"role/getRoleCustomizationPrivileges":        {all: "READ:ROLE_CUSTOMIZATION_PACKAGE", params: `{"id":999999}`},
		"role/getRoleCustomizations":                 {all: "READ:ROLE_CUSTOMIZATION_PACKAGE", params: `{"roleCustomizationLevel":"ALL"}`},
		"role/getEligiblePrivilegesForCustomization": {all: "READ:ROLE_CUSTOMIZATION_PACKAGE", params: `{"roleId":999999}`, passed: -32602},
		"role/removeCustomRoles":                     {any: "MODIFY_NETWORK_CUSTOM_ROLES", callers: "OPERATOR", params: `{"roleCustomizationLevel":"NETWORK"}`},
		"role/removeEnterpriseProxyCustomRoles":      {any: "MODIFY_ENTERPRISE_PROXY_CUSTOM_ROLES", callers: "OPERATOR MSP", context: "proxy", params: `{"enterpriseProxyId":$proxy}`},
		"role/removeEnterpriseCustomRoles":           {any: "MODIFY_ENTERPRISE_CUSTOM_ROLES", context: "enterprise", params: `{"enterpriseId":$tenant}`},
		"role/createRoleCustomization":               {all: "UPDATE:NETWORK", callers: "OPERATOR", params: `{"forRoleId":999999,"privilegeIds":[281]}`, passed: -32602},
		"role/deleteRoleCustomization":               {all: "UPDATE:NETWORK", callers: "OPERATOR", params: `{"forRoleId":999999}`},

		"role/explainPrivilege":   {params: `{"method":"logout"}`},
		"system/getMethodCatalog": {params: `{}`},
		"auth/getCallerInfo":      {params: `{}`},
	})
}
