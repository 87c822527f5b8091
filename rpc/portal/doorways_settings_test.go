package portal_test

import "maps"

// What the doors of delegation, capabilities, keys, policies and alerts ask for.
func init() {
	maps.Copy(doorways, map[string]doorway{
		"role/setEnterpriseViewSensitiveDataDelegatedToOperator":        {all: "UPDATE:ENTERPRISE_DELEGATION", callers: "OPERATOR MSP ENTERPRISE", context: "enterprise", params: `{"enterpriseId":$tenant,"isDelegated":false}`},
		"role/setEnterpriseViewSensitiveDataDelegatedToEnterpriseProxy": {all: "UPDATE:ENTERPRISE_DELEGATION", callers: "OPERATOR MSP ENTERPRISE", context: "enterprise", params: `{"enterpriseId":$tenant,"isDelegated":false}`, passed: -32006},
		"role/isEnterpriseDelegatedToOperator":                          {all: "READ:ENTERPRISE", context: "enterprise", params: `{"enterpriseId":$tenant}`},
		"role/isEnterpriseUserManagementDelegatedToOperator":            {all: "READ:ENTERPRISE", context: "enterprise", params: `{"enterpriseId":$tenant}`},
		"role/isEnterpriseDelegatedToEnterpriseProxy":                   {all: "READ:ENTERPRISE", context: "enterprise", params: `{"enterpriseId":$tenant}`},
		"role/isEnterpriseViewSensitiveDataDelegatedToOperator":         {all: "READ:ENTERPRISE", context: "enterprise", params: `{"enterpriseId":$tenant}`},
		"role/isEnterpriseViewSensitiveDataDelegatedToEnterpriseProxy":  {all: "READ:ENTERPRISE", context: "enterprise", params: `{"enterpriseId":$tenant}`},
		"role/isEnterpriseProxyDelegatedToOperator":                     {all: "READ:PROXY", context: "proxy", params: `{"enterpriseProxyId":$proxy}`},
		"role/getEnterpriseDelegatedPrivileges":                         {all: "READ:ENTERPRISE", context: "enterprise", params: `{"enterpriseId":$tenant}`},

		"enterprise/getEnterpriseCapabilities":                    {all: "READ:ENTERPRISE", context: "enterprise", params: `{"enterpriseId":$tenant}`},
		"enterprise/insertOrUpdateEnterpriseCapability":           {all: "UPDATE:ENTERPRISE", callers: "OPERATOR", context: "enterprise", params: `{"enterpriseId":$tenant,"name":"enableNetworks","value":true}`},
		"enterpriseProxy/getEnterpriseProxyCapabilities":          {all: "READ:PROXY", callers: "OPERATOR MSP", context: "proxy", params: `{"enterpriseProxyId":$proxy}`},
		"enterpriseProxy/insertOrUpdateEnterpriseProxyCapability": {all: "UPDATE:PROXY", callers: "OPERATOR", context: "proxy", params: `{"enterpriseProxyId":$proxy,"name":"enableEdgeLicense","value":false}`},

		"enterprise/getEnterprisesWithProperty":                {all: "READ:ENTERPRISE", callers: "OPERATOR", params: `{"name":"x","value":"y"}`},
		"enterprise/getEnterpriseProxyEnterprisesWithProperty": {all: "READ:ENTERPRISE", callers: "OPERATOR MSP", params: `{"name":"x","value":"y"}`},

		"enterprise/getEnterpriseAddresses": {all: "READ:ENTERPRISE", context: "enterprise", params: `{"enterpriseId":$tenant}`},
		"enterprise/encodeEnterpriseKey":    {all: "CREATE:ENTERPRISE_KEYS", context: "enterprise", params: `{"enterpriseId":$tenant,"key":"x"}`},
		"enterprise/decodeEnterpriseKey":    {all: "READ:ENTERPRISE_KEYS", context: "enterprise", params: `{"enterpriseId":$tenant,"key":"x"}`, passed: -32602},

		"enterprise/updateEnterpriseSecurityPolicy": {all: "UPDATE:ENTERPRISE_PROFILE", context: "enterprise", params: `{"enterpriseId":$tenant}`},

		"enterprise/getEnterpriseRateLimits":                 {all: "READ:ENTERPRISE", context: "enterprise", params: `{"enterpriseId":$tenant}`},
		"enterprise/insertOrUpdateEnterpriseRateLimits":      {all: "UPDATE:ENTERPRISE", callers: "OPERATOR MSP", context: "enterprise", params: `{"enterpriseId":$tenant,"value":[]}`},
		"enterprise/insertOrUpdateEnterpriseProxyRateLimits": {all: "UPDATE:PROXY", callers: "OPERATOR", context: "proxy", params: `{"enterpriseProxyId":$proxy,"value":[]}`},
		"enterpriseProxy/getEnterpriseProxyRateLimits":       {all: "READ:PROXY", context: "proxy", params: `{"enterpriseProxyId":$proxy}`},

		"enterprise/getEnterpriseAlertDefinitions":               {all: "READ:ENTERPRISE_ALERT", context: "enterprise", params: `{"enterpriseId":$tenant}`},
		"enterprise/getEnterpriseAlertConfigurations":            {all: "READ:ENTERPRISE_ALERT", context: "enterprise", params: `{"enterpriseId":$tenant}`},
		"enterprise/insertOrUpdateEnterpriseAlertConfigurations": {all: "CREATE:ENTERPRISE_ALERT", context: "enterprise", params: `{"enterpriseId":$tenant,"enterpriseAlertConfigurations":[{"name":"EDGE_DOWN"}]}`},
		"enterprise/getEnterpriseAllAlertsRecipients":            {all: "READ:ENTERPRISE_ALERT", context: "enterprise", params: `{"enterpriseId":$tenant}`},
		"enterprise/setEnterpriseAllAlertsRecipients":            {all: "UPDATE:ENTERPRISE_ALERT", context: "enterprise", params: `{"enterpriseId":$tenant,"emailList":["a@acme.example"]}`},
	})
}
